// The line above the composer that says what went wrong.
import {byId} from "./dom.js"

export class Notice {
  #box = byId("error")

  constructor() {
    byId("error-close").addEventListener("click", () => this.hide())
  }

  show(text) {
    byId("error-text").textContent = text
    this.#box.hidden = false
  }

  hide() {
    this.#box.hidden = true
  }
}
