// As much of XMLHttpRequest as the long-poll transport uses, over node:http and node:https.
import http from "node:http"
import https from "node:https"

const plain = new http.Agent({keepAlive: true})
const secure = new https.Agent({keepAlive: true})

export class XMLHttpRequest {
  readyState = 0
  responseText = ""
  status = 0
  timeout = 0
  onreadystatechange = null
  onerror = null
  ontimeout = null
  #headers = {}
  #method = ""
  #url = ""
  #request = null
  #timer = null
  #over = false

  open(method, url) {
    this.#method = method
    this.#url = url
    this.readyState = 1
  }

  setRequestHeader(name, value) {
    this.#headers[name] = value
  }

  send(body) {
    const headers = {...this.#headers}
    if (body !== null && body !== undefined) {
      headers["Content-Length"] = Buffer.byteLength(body)
    }
    const request = this.#url.startsWith("https:")
      ? https.request(this.#url, {method: this.#method, headers, agent: secure})
      : http.request(this.#url, {method: this.#method, headers, agent: plain})
    this.#request = request
    if (this.timeout > 0) {
      this.#timer = setTimeout(() => this.#finish(() => {
        request.destroy()
        this.ontimeout?.()
      }), this.timeout)
    }
    request.on("response", response => {
      this.status = response.statusCode
      const chunks = []
      response.on("data", chunk => chunks.push(chunk))
      response.on("end", () => this.#finish(() => {
        this.responseText = Buffer.concat(chunks).toString()
        this.#done()
      }))
      response.on("error", () => this.#fail())
    })
    request.on("error", () => this.#fail())
    request.end(body ?? undefined)
  }

  // abort tells the client as a browser does: with an empty answer.
  abort() {
    this.#finish(() => {
      this.#request?.destroy()
      this.#done()
    })
  }

  #fail() {
    this.#finish(() => {
      // A browser reports the end of a failed request before its error; the client acts on the first.
      this.#done()
      this.onerror?.()
    })
  }

  #done() {
    this.readyState = 4
    this.onreadystatechange?.()
  }

  #finish(how) {
    if (this.#over) {
      return
    }
    this.#over = true
    clearTimeout(this.#timer)
    how()
  }
}
