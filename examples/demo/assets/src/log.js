// The messages of the room. A reader who scrolled up is left where they are.
import {avatar, byId, element} from "./dom.js"
import {dayOf, timeOf} from "./words.js"

const KEEP = 500 // elements; older ones leave the page
const NEAR = 80 // pixels from the end that still count as "at the end"
const TOGETHER = 5 * 60_000 // messages of one person this close form a block

export class Log {
  me = ""
  #log = byId("log")
  #newer = byId("newer")
  #empty = byId("empty")
  #messages = []
  #seen = new Set()
  #atEnd = true

  constructor() {
    this.#log.addEventListener("scroll", () => {
      this.#atEnd = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < NEAR
      if (this.#atEnd) {
        this.#newer.hidden = true
      }
    })
    this.#newer.addEventListener("click", () => this.#toEnd())
    // A phone's keyboard and a growing composer make the frame smaller.
    new ResizeObserver(() => this.#atEnd && this.#toEnd()).observe(this.#log)
  }

  clear() {
    this.#messages = []
    this.#seen.clear()
    this.#log.replaceChildren()
    this.#newer.hidden = true
    this.#empty.hidden = true
    this.#atEnd = true
  }

  // merge takes the history that comes with each join. What is already shown stays shown, also when a
  // restarted server no longer knows it.
  merge(messages) {
    const before = this.#messages.length
    for (const message of messages) {
      this.#remember(message)
    }
    this.#messages.sort((a, b) => a.date - b.date)
    this.#empty.hidden = this.#messages.length > 0
    if (this.#messages.length === before) {
      return
    }
    // A whole history is not news: a screen reader should not read it all aloud.
    this.#log.setAttribute("aria-busy", "true")
    this.#log.replaceChildren()
    this.#messages = this.#messages.slice(-KEEP)
    this.#messages.forEach((message, i) => this.#append(message, this.#messages[i - 1]))
    this.#log.removeAttribute("aria-busy")
    this.#follow(false)
  }

  add(message) {
    const last = this.#messages.at(-1)
    const known = this.#remember(message)
    if (!known) {
      return
    }
    this.#empty.hidden = true
    this.#append(known, last)
    while (this.#log.childElementCount > KEEP) {
      this.#log.firstElementChild.remove()
    }
    this.#follow(known.user === this.me)
  }

  // remember returns the message with its date, or nothing if it was there already. Numbers start again
  // when the server does, so the time belongs to the identity.
  #remember(message) {
    const key = JSON.stringify([message.id, message.at])
    if (this.#seen.has(key)) {
      return undefined
    }
    this.#seen.add(key)
    const date = new Date(message.at ?? Date.now())
    const known = {...message, date: isNaN(date) ? new Date() : date}
    this.#messages.push(known)
    return known
  }

  #append(message, last) {
    const sameDay = last && dayOf(last.date) === dayOf(message.date)
    if (!sameDay) {
      this.#log.append(element("p", {className: "day"}, element("span", {text: dayOf(message.date)})))
    }
    const first = !sameDay || last.user !== message.user || message.date - last.date > TOGETHER
    const mine = message.user === this.me
    const item = element("article", {
      testid: "message",
      className: `message${mine ? " mine" : ""}${first ? " first" : ""}`,
      "data-id": message.id,
      "data-user": message.user,
    })
    const time = element("time", {datetime: message.date.toISOString(), text: timeOf(message.date)})
    const author = element("span", {className: "author", text: mine ? "You" : message.user})
    item.append(
      avatar(element("span", {className: "avatar", "aria-hidden": "true"}), message.user),
      element("div", {className: "bubble"},
        element("header", {}, author, time),
        element("p", {testid: "message-body", className: "body", dir: "auto", text: message.body})))
    this.#log.append(item)
  }

  #follow(always) {
    if (this.#atEnd || always) {
      this.#toEnd()
    } else {
      this.#newer.hidden = false
    }
  }

  #toEnd() {
    this.#log.scrollTop = this.#log.scrollHeight
    this.#atEnd = true
    this.#newer.hidden = true
  }
}
