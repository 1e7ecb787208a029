// Where WebSockets do not get through, the client falls back to long-polling. (TRANSPORT has no say here.)
import {assert, connect, isV1, isWebSocket, join, LongPoll, push, run, scenario, sleep, socket} from "./lib/kit.mjs"
import {deaf, Refused, Silent, WebSocket} from "./lib/transport.mjs"

if (isV1 || !isWebSocket) {
  throw new Error("the fallback is run with VSN=2.0.0 and TRANSPORT=websocket")
}

function storage() {
  const kept = new Map()
  return {
    getItem: key => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: key => kept.delete(key),
    kept,
  }
}

async function works(s, topic = "room:lobby") {
  const channel = await join(s, topic)
  assert.deepEqual(await push(channel, "echo", {n: 1}), {status: "ok", response: {n: 1}})
}

scenario("a WebSocket that never opens: long-poll after the given time", async () => {
  const sessionStorage = storage()
  const s = socket({transport: Silent, longPollFallbackMs: 200, sessionStorage})
  const start = Date.now()
  s.connect()
  await s.opened.next("no fallback")
  const took = Date.now() - start
  assert.equal(s.transport, LongPoll)
  assert.ok(took >= 190, `fell back after ${took} ms already`)
  await works(s)
  assert.deepEqual([...sessionStorage.kept.values()], ["true"])
})

scenario("a WebSocket that is refused: long-poll at once", async () => {
  const s = socket({transport: Refused, longPollFallbackMs: 60_000, sessionStorage: storage()})
  s.connect()
  await s.opened.next("no fallback")
  assert.equal(s.transport, LongPoll)
  await works(s)
})

scenario("a WebSocket that opens and answers nothing: long-poll after the given time", async () => {
  const s = socket({transport: deaf(() => true), longPollFallbackMs: 200, sessionStorage: storage()})
  s.connect()
  await s.opened.next("the WebSocket did not open")
  await s.opened.next("no fallback")
  assert.equal(s.transport, LongPoll)
  await works(s)
})

scenario("the next socket of the session goes to long-poll at once", async () => {
  const sessionStorage = storage()
  const first = socket({transport: Silent, longPollFallbackMs: 100, sessionStorage})
  first.connect()
  await first.opened.next()
  const second = socket({transport: Silent, longPollFallbackMs: 60_000, sessionStorage})
  second.connect()
  await second.opened.next("the memory was not used")
  assert.equal(second.transport, LongPoll)
})

scenario("a WebSocket that works is kept", async () => {
  const s = await connect({transport: WebSocket, longPollFallbackMs: 150, sessionStorage: storage()})
  await works(s)
  await sleep(300)
  assert.equal(s.transport, WebSocket)
  await works(s, "room:later")
  assert.equal(s.opened.all.length, 0)
})

await run()
