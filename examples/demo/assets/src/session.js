// Who the person is: the user whom the page was made for, or a guest, whose name is exchanged for a token at POST /api/v1/guests.
const NAME = "bennu:name"
const HERE = "bennu:here"

const meta = name => document.querySelector(`meta[name="${name}"]`)?.content ?? ""

export class Session {
  user = meta("user")
  name = this.user
  token = ""
  csrf = meta("csrf-token")

  rememberedName() {
    return localStorage.getItem(NAME) ?? ""
  }

  signedIn() {
    return this.user !== "" || sessionStorage.getItem(HERE) !== null && this.rememberedName() !== ""
  }

  // socketOptions prove to the socket who this is: a user by the session's cookie, with the token that other sites do not know; a guest by the token. That one
  // is not among the params: those stand in the address, which proxies and the browser's console write down. They are functions because both may be renewed.
  socketOptions() {
    return this.user ? {params: () => ({_csrf_token: this.csrf})} : {authToken: () => this.token}
  }

  // start takes a token for the name of a guest; an error's message can be shown to the person.
  async start(name) {
    if (this.user) {
      return
    }
    this.name = name.trim()
    if (this.name === "") {
      throw new Error("Please choose a name first.")
    }
    await this.renew()
    localStorage.setItem(NAME, this.name)
    sessionStorage.setItem(HERE, "1")
  }

  // renew asks who this is by now: a token may have expired, or its secret died with the server; a user may have logged out in another window.
  async renew() {
    return this.user ? this.#renewUser() : this.#renewGuest()
  }

  async #renewUser() {
    const {data} = await ask("/session", {})
    if (data.user !== this.user) {
      location.reload() // the page is for somebody else
    }
    this.csrf = data.csrf_token
  }

  async #renewGuest() {
    const {data} = await ask("/api/v1/guests", {method: "POST", body: JSON.stringify({name: this.name})})
    this.token = data.token
    this.name = data.name
  }

  end() {
    this.token = ""
    sessionStorage.removeItem(HERE)
  }
}

async function ask(path, options) {
  let response
  try {
    response = await fetch(path, {headers: {"content-type": "application/json", accept: "application/json"}, ...options})
  } catch {
    throw new Error("The server does not answer. Please try again in a moment.")
  }
  const reply = await response.json().catch(() => ({}))
  if (!response.ok || !reply.data) {
    throw new Error(problem(reply) ?? `The server refused that (${response.status}).`)
  }
  return reply
}

// problem reads {"errors":{"detail":…}} and {"errors":{"name":[…]}}.
function problem({errors}) {
  if (!errors) {
    return undefined
  }
  if (errors.detail) {
    return String(errors.detail)
  }
  const [field, list] = Object.entries(errors)[0] ?? []
  return field && `The ${field} ${[].concat(list)[0]}.`
}
