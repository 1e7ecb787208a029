// "Ada is typing…": forgotten after a few seconds without another sign.
import {byId} from "./dom.js"

const FORGET_AFTER = 4000

export class Typing {
  me = ""
  #line = byId("typing")
  #timers = new Map()

  started(user) {
    if (!user || user === this.me) {
      return
    }
    clearTimeout(this.#timers.get(user))
    this.#timers.set(user, setTimeout(() => this.stopped(user), FORGET_AFTER))
    this.#show()
  }

  stopped(user) {
    clearTimeout(this.#timers.get(user))
    if (this.#timers.delete(user)) {
      this.#show()
    }
  }

  clear() {
    this.#timers.forEach(clearTimeout)
    this.#timers.clear()
    this.#show()
  }

  #show() {
    const users = [...this.#timers.keys()]
    this.#line.textContent =
      users.length === 0 ? "" :
      users.length === 1 ? `${users[0]} is typing…` :
      users.length === 2 ? `${users[0]} and ${users[1]} are typing…` :
      "Several people are typing…"
  }
}
