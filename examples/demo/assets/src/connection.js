// The one Socket of the page and what is known about it.
import {Socket} from "phoenix"

// How many attempts in a row may fail before the token is suspected.
const SUSPICIOUS = 3

export class Connection {
  state = "connecting"
  #opened = false
  #failures = 0
  #session
  #changed

  constructor(session, changed) {
    this.#session = session
    this.#changed = changed
    this.socket = new Socket("/socket", {
      // Functions, because the token is renewed while the socket lives.
      authToken: () => session.token,
      params: () => ({token: session.token}),
      longPollFallbackMs: 3000,
    })
    this.socket.onOpen(() => {
      this.#opened = true
      this.#failures = 0
      this.#set("connected")
    })
    this.socket.onClose(() => this.#lost())
    this.socket.onError(() => {
      this.#failures++
      this.#lost()
      if (this.#failures % SUSPICIOUS === 0) {
        // A browser does not tell why a connection was refused, so ask for a new token and see.
        this.#session.renew().catch(() => {})
      }
    })
  }

  open() {
    this.socket.connect()
  }

  close() {
    this.socket.disconnect()
  }

  // proven says that a room was joined over this transport. A WebSocket that worked once will work
  // again, so after a restart of the server the client keeps trying it, where the fallback would
  // leave the page on long-polling until it is reloaded.
  proven() {
    if (this.transportName() === "WebSocket") {
      this.socket.longPollFallbackMs = undefined
    }
  }

  transportName() {
    return this.socket.transport === WebSocket ? "WebSocket" : "long-polling"
  }

  #lost() {
    this.#set(this.#opened ? "reconnecting" : "connecting")
  }

  #set(state) {
    this.state = state
    this.#changed()
  }
}
