// Who the person is: a name, exchanged for a token at POST /api/v1/sessions.
const NAME = "bennu:name"
const HERE = "bennu:here"

export class Session {
  name = ""
  token = ""

  rememberedName() {
    return localStorage.getItem(NAME) ?? ""
  }

  signedIn() {
    return sessionStorage.getItem(HERE) !== null && this.rememberedName() !== ""
  }

  // start takes a token for the name; an error's message can be shown to the person.
  async start(name) {
    this.name = name.trim()
    if (this.name === "") {
      throw new Error("Please choose a name first.")
    }
    await this.renew()
    localStorage.setItem(NAME, this.name)
    sessionStorage.setItem(HERE, "1")
  }

  // renew fetches a new token: the old one may have expired, or its secret died with the server.
  async renew() {
    let response
    try {
      response = await fetch("/api/v1/sessions", {
        method: "POST",
        headers: {"content-type": "application/json", accept: "application/json"},
        body: JSON.stringify({name: this.name}),
      })
    } catch {
      throw new Error("The server does not answer. Please try again in a moment.")
    }
    const reply = await response.json().catch(() => ({}))
    if (!response.ok || !reply.data?.token) {
      throw new Error(problem(reply) ?? `The server refused that (${response.status}).`)
    }
    this.token = reply.data.token
    this.name = reply.data.name ?? this.name
  }

  end() {
    this.token = ""
    sessionStorage.removeItem(HERE)
  }
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
