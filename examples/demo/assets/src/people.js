// Who is in the room, from phoenix's Presence: one entry a person, however many devices.
import {avatar, byId, element} from "./dom.js"

export class People {
  me = ""
  #panel = byId("people-panel")
  #toggle = byId("people-toggle")

  constructor() {
    // On a phone the list is folded away.
    this.#toggle.addEventListener("click", () => {
      const open = this.#panel.classList.toggle("open")
      this.#toggle.setAttribute("aria-expanded", String(open))
    })
  }

  show(list) {
    list.sort((a, b) => (b.user === this.me) - (a.user === this.me) || a.user.localeCompare(b.user))
    byId("people-count").textContent = list.length
    byId("people-toggle-count").textContent = list.length
    byId("people").replaceChildren(...list.map(person => this.#entry(person)))
  }

  #entry({user, metas}) {
    const entry = element("li", {testid: "presence-user", "data-user": user, "data-devices": metas.length},
      avatar(element("span", {className: "avatar small", "aria-hidden": "true"}), user),
      element("span", {className: "person", text: user}))
    if (user === this.me) {
      entry.append(element("span", {className: "tag", text: "you"}))
    }
    if (metas.length > 1) {
      entry.append(element("span", {className: "tag", text: `${metas.length} devices`}))
    }
    entry.title = metas.map(({device}) => device).filter(Boolean).join(", ")
    return entry
  }
}
