// One room: its channel, its history, its presence.
import {Presence} from "phoenix"
import {device} from "./words.js"

const TYPING_EVERY = 2000

export class Room {
  joined = false
  joinedOnce = false
  refused = null
  onJoined = () => {}
  onRefused = () => {}
  onMessage = () => {}
  onTyping = () => {}
  onPeople = () => {}
  onInterrupted = () => {}
  #channel
  #typedAt = 0

  constructor(socket, name) {
    const channel = socket.channel(`room:${name}`, {device: device()})
    this.#channel = channel
    channel.on("message:new", message => this.onMessage(message))
    channel.on("typing", payload => this.onTyping(payload))
    channel.onError(() => this.#interrupted())
    channel.onClose(() => this.#interrupted())
    const presence = new Presence(channel)
    presence.onSync(() => {
      this.onPeople(presence.list((user, {metas}) => ({user, metas})))
    })
  }

  join() {
    // Each rejoin runs these again, with what the server remembers by then.
    this.#channel.join()
      .receive("ok", reply => {
        this.joined = this.joinedOnce = true
        this.refused = null
        this.onJoined(reply)
      })
      .receive("error", reply => {
        this.joined = false
        if (reply.reason === "unauthorized") {
          // Asking again every few seconds would not change the answer.
          this.refused = reply
          this.#channel.leave()
        }
        this.onRefused(reply)
      })
  }

  leave() {
    this.joined = false
    this.#channel.leave()
  }

  // send resolves with {status, response}; status is "ok", "error" or "timeout".
  send(body) {
    this.#typedAt = 0
    return new Promise(resolve => {
      this.#channel.push("message:new", {body})
        .receive("ok", response => resolve({status: "ok", response}))
        .receive("error", response => resolve({status: "error", response}))
        .receive("timeout", () => resolve({status: "timeout"}))
    })
  }

  // typing may be called at every key: the others are told every two seconds.
  typing() {
    const now = Date.now()
    if (this.joined && now - this.#typedAt > TYPING_EVERY) {
      this.#typedAt = now
      this.#channel.push("typing", {})
    }
  }

  #interrupted() {
    this.joined = false
    this.onInterrupted()
  }
}
