// The list of rooms. The current one is the fragment of the address: #random is room:random.
import {byId, element} from "./dom.js"

// A map, not an object: a room may be named "constructor".
const KNOWN = new Map([
  ["lobby", "Where everybody comes in"],
  ["random", "Anything at all"],
  ["help", "Ask, and somebody may know"],
])
const LONGEST = 64

export class Rooms {
  #list = byId("rooms")
  #visited = []

  constructor(enter) {
    addEventListener("hashchange", () => enter(this.current()))
  }

  current() {
    let name = location.hash.slice(1)
    try {
      name = decodeURIComponent(name)
    } catch {
      // A stray % in the address is taken as it stands.
    }
    return name.trim().slice(0, LONGEST) || "lobby"
  }

  show(current) {
    if (!KNOWN.has(current) && !this.#visited.includes(current)) {
      this.#visited.push(current)
    }
    const names = [...KNOWN.keys(), ...this.#visited]
    this.#list.replaceChildren(...names.map(name => {
      const link = element("a", {testid: `room-link-${name}`, href: `#${encodeURIComponent(name)}`},
        element("span", {className: "hash", text: "#", "aria-hidden": "true"}),
        element("span", {text: name}))
      if (name === current) {
        link.setAttribute("aria-current", "page")
      }
      return element("li", {}, link)
    }))
    // Only the strip of rooms on a phone is wider than its frame.
    const link = this.#list.querySelector("[aria-current]")
    this.#list.scrollLeft = link.offsetLeft - this.#list.offsetLeft - 16
    byId("room-title").textContent = current
    byId("room-about").textContent = KNOWN.get(current) ??
      (current.startsWith("private:") ? "By invitation" : "A room that you opened by its address")
    document.title = `${current} – Bennu chat`
  }
}
