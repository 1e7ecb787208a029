// The line above the composer that says what went wrong.
import {byId} from "./dom.js"

export class Notice {
  #box = byId("error")
  #about = null

  constructor() {
    byId("error-close").addEventListener("click", () => this.hide())
  }

  // show keeps a text until it is hidden; about names its cause.
  show(text, about = null) {
    this.#about = about
    byId("error-text").textContent = text
    this.#box.hidden = false
  }

  // hide takes away any text, or only the one about a given cause.
  hide(about) {
    if (about === undefined || about === this.#about) {
      this.#box.hidden = true
    }
  }
}
