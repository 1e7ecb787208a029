// The one Socket of the page and what is known about it.
import {Socket} from "phoenix"

// How many attempts in a row may fail before the token is suspected.
const SUSPICIOUS = 2

export class Connection {
  state = "connecting"
  #opened = false
  #failures = 0
  #renewing = false
  #session
  #changed

  constructor(session, changed) {
    this.#session = session
    this.#changed = changed
    this.socket = new Socket("/socket", {
      ...session.socketOptions(),
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
      if (this.#failures >= SUSPICIOUS) {
        this.#renew()
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

  // A browser does not tell why a connection was refused. So ask for a new token: if the server is away, that fails too;
  // if it is there and does not know the old token any more, the next attempt will do.
  async #renew() {
    if (this.#renewing) {
      return
    }
    this.#renewing = true
    try {
      await this.#session.renew()
    } catch {
      // The connection's own retries go on, and with them this one.
    } finally {
      this.#renewing = false
    }
  }

  #lost() {
    this.#set(this.#opened ? "reconnecting" : "connecting")
  }

  #set(state) {
    this.state = state
    this.#changed()
  }
}
