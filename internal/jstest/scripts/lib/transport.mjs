// The transports under test, and some that fail in known ways.
import {WebSocket} from "ws"

export {WebSocket}

export function transportFor(name, LongPoll, v1) {
  switch (name) {
    case "websocket":
      return WebSocket
    case "longpoll":
      return v1 ? longPollV1(LongPoll) : LongPoll
    default:
      throw new Error(`TRANSPORT=${name}: want websocket or longpoll`)
  }
}

// longPollV1 posts as the first generation did: one message a request, as application/json. (A batch of lines is of the
// second generation, in which a line that starts with { would be binary.)
function longPollV1(LongPoll) {
  return class LongPollV1 extends LongPoll {
    #sending = Promise.resolve()

    send(body) {
      this.#sending = this.#sending.then(async () => {
        const response = await fetch(this.endpointURL(), {
          method: "POST",
          headers: {"content-type": "application/json"},
          body,
        })
        const {status} = await response.json()
        if (status !== 200) {
          throw new Error(`posting: status ${status}`)
        }
      }).catch(error => {
        if (this.isActive()) {
          this.onerror(error)
          this.close(1011, "internal server error", false)
        }
      })
    }
  }
}

// Silent never opens and never fails: a proxy that swallows the upgrade.
export class Silent {
  readyState = 0
  bufferedAmount = 0

  close() {
    this.readyState = 3
  }

  send() {
    throw new Error("sent over a connection that never opened")
  }
}

// Refused fails at once: a proxy that answers the upgrade with an error.
export class Refused extends Silent {
  constructor() {
    super()
    setTimeout(() => {
      if (this.readyState === 0) {
        this.readyState = 3
        this.onerror?.({type: "error"})
        this.onclose?.({code: 1006, reason: "", wasClean: false})
      }
    }, 0)
  }
}

// Deaf opens, but what the client sends of a kind never leaves: the server seems dead.
export function deaf(drop) {
  return class Deaf extends WebSocket {
    send(data, ...rest) {
      if (!drop(data)) {
        super.send(data, ...rest)
      }
    }
  }
}
