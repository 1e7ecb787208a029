// The box in which a message is written. Text leaves it only when it is on its way, and comes back
// if the server did not take it. Each room has its own draft.
import {byId} from "./dom.js"
import {explain, LIMIT} from "./words.js"

const COUNT_FROM = LIMIT - 200

export class Composer {
  #box = byId("body")
  #counter = byId("counter")
  #drafts = new Map()
  #room = ""
  #send
  #notice

  constructor({send, typing, notice}) {
    this.#send = send
    this.#notice = notice
    this.#box.addEventListener("input", () => {
      this.#fit()
      if (this.#box.value.trim() !== "") {
        typing()
      }
    })
    this.#box.addEventListener("keydown", event => {
      // While an input method composes, Enter picks a candidate.
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault()
        this.#submit()
      }
    })
    byId("composer").addEventListener("submit", event => {
      event.preventDefault()
      this.#submit()
    })
  }

  // room changes to the draft of another room.
  room(name) {
    this.#drafts.set(this.#room, this.#box.value)
    this.#room = name
    this.#put(this.#drafts.get(name) ?? "")
  }

  focus() {
    // On a touch screen this would open the keyboard over the messages.
    if (matchMedia("(pointer: fine)").matches) {
      this.#box.focus()
    }
  }

  async #submit() {
    const body = this.#box.value.trim()
    if (body === "") {
      return
    }
    if (length(body) > LIMIT) {
      this.#notice.show(explain({reason: "too_long"}))
      return
    }
    const room = this.#room
    this.#put("")
    try {
      await this.#send(body)
    } catch (error) {
      this.#giveBack(room, body)
      if (room === this.#room) {
        this.#notice.show(error.message)
      }
    }
  }

  // giveBack puts a text that was not taken before whatever was written since.
  #giveBack(room, body) {
    const join = written => written.trim() === "" ? body : `${body}\n${written}`
    if (room === this.#room) {
      this.#put(join(this.#box.value))
    } else {
      this.#drafts.set(room, join(this.#drafts.get(room) ?? ""))
    }
  }

  #put(text) {
    this.#box.value = text
    this.#fit()
  }

  // fit grows the box with its text, up to the height that the style sheet allows.
  #fit() {
    this.#box.style.height = "auto"
    this.#box.style.height = `${this.#box.scrollHeight + 2}px`
    const count = length(this.#box.value)
    this.#counter.hidden = count < COUNT_FROM
    this.#counter.classList.toggle("over", count > LIMIT)
    this.#counter.textContent = `${count.toLocaleString("en")} of ${LIMIT.toLocaleString("en")}`
  }
}

// length counts characters as the server does: code points, not UTF-16 units.
function length(text) {
  return [...text].length
}
