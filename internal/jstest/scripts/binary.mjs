// Bytes both ways: V2 only. Over long-poll they can only go up.
import {assert, connect, env, fence, framesUntil, is17, isWebSocket, join, on, push, raw, run, scenario} from "./lib/kit.mjs"

if (env.vsn !== "2.0.0") {
  throw new Error("only V2 has binary messages")
}

const bytes = (...list) => new Uint8Array(list).buffer
const list = buffer => [...new Uint8Array(buffer)]

if (isWebSocket) {
  scenario("a binary push is answered in binary, and pushed back", async () => {
    const channel = await join(await connect(), "room:bytes")
    const pushed = on(channel, "binary_push")
    const {status, response} = await push(channel, "binary", bytes(0, 1, 2, 253, 254, 255))
    assert.equal(status, "ok")
    assert.deepEqual(list(response), [255, 254, 253, 2, 1, 0])
    assert.deepEqual(list(await pushed.next()), [0, 1, 2, 253, 254, 255])
  })

  scenario("no bytes are bytes", async () => {
    const channel = await join(await connect(), "room:bytes")
    const {response} = await push(channel, "binary", bytes())
    assert.deepEqual(list(response), [])
  })

  scenario("much", async () => {
    const channel = await join(await connect(), "room:bytes")
    const much = Uint8Array.from({length: 300_000}, (_, n) => n * 7)
    const {response} = await push(channel, "binary", much.buffer)
    assert.deepEqual(Buffer.from(response), Buffer.from(much.slice().reverse()))
  })

  scenario("text and binary are mixed freely and stay in order", async () => {
    const s = await connect()
    const channel = await join(s, "room:bytes")
    const replies = await Promise.all(Array.from({length: 40}, (_, n) =>
      n % 2 ? push(channel, "binary", bytes(n)) : push(channel, "echo", {n})))
    assert.deepEqual(replies.map(({response}, n) => n % 2 ? list(response)[0] : response.n), replies.map((_, n) => n))
    const refs = s.frames.filter(frame => frame.event === "phx_reply").map(frame => Number(frame.ref))
    assert.deepEqual(refs, refs.toSorted((a, b) => a - b))
  })

  scenario("a binary broadcast reaches everybody, without a ref", async () => {
    const [one, two] = [await connect(), await connect()]
    const [sender, receiver] = [await join(one, "room:bytes"), await join(two, "room:bytes")]
    const heard = on(receiver, "binary_shout")
    assert.equal((await push(sender, "binary_shout", bytes(9, 8, 7))).status, "ok")
    assert.deepEqual(list(await heard.next()), [9, 8, 7])
    const [frame] = await framesUntil(one, "room:bytes", all => all.some(f => f.event === "binary_shout"), "no broadcast")
      .then(all => all.filter(f => f.event === "binary_shout"))
    assert.deepEqual([frame.join_ref, frame.ref, list(frame.payload)], [null, null, [9, 8, 7]])
  })

  scenario("names of 255 bytes fit", async () => {
    const topic = "room:" + (is17 ? "e".repeat(250) : "é".repeat(125)) // 1.7 counts letters, not bytes
    const channel = await join(await connect(), topic)
    const {response} = await push(channel, "binary", bytes(1, 2))
    assert.deepEqual(list(response), [2, 1])
  })
} else {
  scenario("bytes go up over long-poll", async () => {
    const channel = await join(await connect(), "room:bytes")
    assert.deepEqual(await push(channel, "binary_size", bytes(1, 2, 3, 0, 255)), {status: "ok", response: {size: 5}})
    assert.deepEqual(await push(channel, "binary_size", new Uint8Array(100_000).buffer), {status: "ok", response: {size: 100_000}})
  })

  scenario("bytes and text in one batch", async () => {
    const channel = await join(await connect(), "room:bytes")
    const replies = await Promise.all([
      push(channel, "echo", {n: 1}),
      push(channel, "binary_size", bytes(1)),
      push(channel, "echo", {n: 2}),
      push(channel, "binary_size", bytes(1, 2)),
    ])
    assert.deepEqual(replies.map(reply => reply.response), [{n: 1}, {size: 1}, {n: 2}, {size: 2}])
  })
}

await run()
