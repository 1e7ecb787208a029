// Join, push, reply, error, time-out, broadcast, leave.
import {assert, atOnce, connect, fence, framesUntil, join, on, push, run, scenario} from "./lib/kit.mjs"

scenario("the join reply carries what the channel answers", async () => {
  const socket = await connect()
  const params = {name: "Ada", list: [1, 2], none: [], nested: {a: null, b: true}}
  const channel = await join(socket, "room:lobby", params)
  assert.deepEqual(channel.joinReply.response, {joined: "room:lobby", params})
})

scenario("params may be a function", async () => {
  const socket = await connect()
  const channel = await join(socket, "room:lobby", () => ({at: 7}))
  assert.deepEqual(channel.joinReply.response.params, {at: 7})
})

scenario("a push is answered ok with its payload", async () => {
  const channel = await join(await connect(), "room:lobby")
  const payloads = [
    {},
    {text: "plain"},
    {text: "quotes \" ' \\ / < > & \u2028 \u0000 and 漢字, العربية, 😀, e\u0301"},
    {empty: [], object: {}, nothing: null, deep: [[[[{}]]]]},
    {numbers: [0, -1, 1.5, 1e21, 9007199254740991, -0.25]},
    {long: "x".repeat(200_000)},
  ]
  for (const payload of payloads) {
    assert.deepEqual(await push(channel, "echo", payload), {status: "ok", response: payload})
  }
})

scenario("a push is answered with an error", async () => {
  const channel = await join(await connect(), "room:lobby")
  assert.deepEqual(await push(channel, "fail"), {status: "error", response: {reason: "failed"}})
})

scenario("a push that is never answered times out in the client", async () => {
  const channel = await join(await connect(), "room:lobby")
  assert.equal((await push(channel, "silent", {}, 80)).status, "timeout")
  await fence(channel)
})

scenario("a reply may come later", async () => {
  const channel = await join(await connect(), "room:lobby")
  const late = push(channel, "async", {n: 1})
  const soon = push(channel, "echo", {n: 2})
  const first = await Promise.race([late.then(() => "late"), soon.then(() => "soon")])
  assert.equal(first, "soon")
  assert.deepEqual(await late, {status: "ok", response: {n: 1}})
})

scenario("replies find their pushes", async () => {
  const channel = await join(await connect(), "room:lobby")
  const replies = await Promise.all(Array.from({length: atOnce}, (_, n) => push(channel, "echo", {n})))
  assert.deepEqual(replies.map(reply => reply.response.n), Array.from({length: atOnce}, (_, n) => n))
})

scenario("the server pushes to the caller alone", async () => {
  const [one, two] = [await connect(), await connect()]
  const [caller, other] = [await join(one, "room:lobby"), await join(two, "room:lobby")]
  const [got, stray] = [on(caller, "pushed"), on(other, "pushed")]
  assert.equal((await push(caller, "push_me", {n: 3})).status, "ok")
  assert.deepEqual(await got.next(), {n: 3})
  await fence(other)
  assert.deepEqual(stray.all, [])
})

scenario("a broadcast reaches everybody in the topic and nobody else", async () => {
  const channels = []
  for (let i = 0; i < 3; i++) {
    channels.push(await join(await connect(), "room:lobby"))
  }
  const elsewhere = await join(channels[0].socket, "room:elsewhere")
  const boxes = channels.map(channel => on(channel, "shout"))
  const stray = on(elsewhere, "shout")
  assert.deepEqual(await push(channels[1], "shout", {text: "hello"}), {status: "ok", response: {}})
  for (const box of boxes) {
    assert.deepEqual(await box.next(), {text: "hello"})
  }
  await Promise.all(channels.map(fence))
  await fence(elsewhere)
  assert.deepEqual(boxes.map(box => box.all), [[], [], []])
  assert.deepEqual(stray.all, [])
})

scenario("broadcast_from leaves out the sender", async () => {
  const one = await join(await connect(), "room:lobby")
  const two = await join(await connect(), "room:lobby")
  const [mine, theirs] = [on(one, "shout_others"), on(two, "shout_others")]
  await push(one, "shout_others", {n: 1})
  assert.deepEqual(await theirs.next(), {n: 1})
  await fence(one)
  assert.deepEqual(mine.all, [])
})

scenario("one connection holds many channels", async () => {
  const socket = await connect()
  const topics = Array.from({length: 20}, (_, n) => `room:${n}`)
  const channels = await Promise.all(topics.map(topic => join(socket, topic, {topic})))
  const replies = await Promise.all(channels.map((channel, n) => push(channel, "echo", {n})))
  assert.deepEqual(replies.map(reply => reply.response.n), topics.map((_, n) => n))
})

scenario("leaving is acknowledged, closes, and ends the broadcasts", async () => {
  const socket = await connect()
  const other = await join(await connect(), "room:lobby")
  const channel = await join(socket, "room:lobby")
  const stray = on(channel, "shout")
  channel.leave()
  await channel.closes.next("onClose was not called")
  // The client's own "ok" comes at once; the server's is on the wire.
  const frames = await framesUntil(socket, "room:lobby", all => all.some(f => f.event === "phx_close"), "no phx_close")
  assert.deepEqual(frames.map(f => [f.event, f.payload.status]), [["phx_reply", "ok"], ["phx_reply", "ok"], ["phx_close", undefined]])
  assert.deepEqual(frames[1].payload.response, {})
  assert.equal(channel.state, "closed")
  await push(other, "shout", {n: 1})
  const again = await join(socket, "room:lobby")
  await fence(again)
  assert.deepEqual(stray.all, [])
  assert.equal(socket.channels.length, 1)
})

scenario("a channel that stops itself closes and is not joined again", async () => {
  const channel = await join(await connect(), "room:lobby")
  const neighbour = await join(channel.socket, "room:next")
  channel.push("stop", {})
  await channel.closes.next("phx_close did not arrive")
  assert.equal(channel.state, "closed")
  await fence(neighbour)
  assert.deepEqual(channel.errors.all, [])
  assert.equal(channel.joins.all.length, 0)
  assert.deepEqual(channel.socket.channels, [neighbour])
})

await run()
