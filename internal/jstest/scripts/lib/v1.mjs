// The first wire format as a client of that time speaks it: objects, and no join_ref in either direction.
export const v1 = {
  encode({topic, event, payload, ref}, callback) {
    callback(JSON.stringify({topic, event, payload, ref}))
  },

  decode(text, callback) {
    const message = JSON.parse(text)
    const keys = Object.keys(message).sort().join()
    if (keys !== "event,payload,ref,topic") {
      throw new Error(`a V1 message has exactly topic, event, payload and ref; got ${text}`)
    }
    callback({...message, join_ref: null})
  },
}
