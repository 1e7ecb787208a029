// Joins that are refused, that match no channel, that take too long, that are too many.
import {assert, connect, fence, framesUntil, isV1, join, outcome, push, raw, replyTo, run, scenario, sleep} from "./lib/kit.mjs"

scenario("a refused join tells why", async () => {
  const s = await connect()
  const error = await join(s, "room:lobby", {refuse: true}).catch(e => e)
  assert.deepEqual([error.status, error.response], ["error", {reason: "unauthorized"}])
})

scenario("the client asks again until it is let in", async () => {
  const s = await connect()
  let tries = 0
  const channel = s.channel("room:lobby", () => ({refuse: ++tries < 4}))
  const refusals = []
  await new Promise(resolve => channel.join().receive("error", reply => refusals.push(reply.reason)).receive("ok", resolve))
  assert.deepEqual(refusals, ["unauthorized", "unauthorized", "unauthorized"])
  await fence(channel)
})

scenario("leave ends the asking", async () => {
  const s = await connect()
  let tries = 0
  const channel = s.channel("room:lobby", () => ({refuse: true, n: ++tries}))
  await outcome(channel.join())
  channel.leave()
  const before = tries
  const other = await join(s, "room:other")
  await sleep(150)
  await fence(other)
  assert.equal(tries, before)
})

scenario("a topic that no channel serves", async () => {
  const s = await connect()
  const error = await join(s, "nosuch:topic").catch(e => e)
  assert.deepEqual([error.status, error.response], ["error", {reason: "unmatched topic"}])
  // A client that knows nothing of the topic can still read the reply: it names no join.
  const reply = await replyTo(s, "nosuch:topic", raw(s, "nosuch:topic", "phx_join", {}))
  assert.equal(reply.join_ref, null)
})

scenario("a push to a topic that was not joined", async () => {
  const s = await connect()
  const reply = await replyTo(s, "room:lobby", raw(s, "room:lobby", "echo", {}))
  assert.deepEqual(reply.payload, {status: "error", response: {reason: "unmatched topic"}})
  assert.equal(reply.join_ref, null)
})

scenario("leaving what was not joined is fine", async () => {
  const s = await connect()
  const reply = await replyTo(s, "room:lobby", raw(s, "room:lobby", "phx_leave", {}))
  assert.deepEqual(reply.payload, {status: "ok", response: {}})
})

scenario("any event of topic phoenix but the heartbeat is unmatched", async () => {
  const s = await connect()
  const reply = await replyTo(s, "phoenix", raw(s, "phoenix", "ping", {}, null))
  assert.deepEqual(reply.payload, {status: "error", response: {reason: "unmatched topic"}})
})

// A V1 client takes the close of the join it gave up for one of the join it waits for: its frames carry no join_ref.
if (!isV1) scenario("a join that takes too long: the client leaves and joins again", async () => {
  const s = await connect()
  let tries = 0
  const channel = s.channel("room:lobby", () => ({slow: ++tries === 1 ? 400 : 0}))
  let timeouts = 0
  await new Promise(resolve => channel.join(100).receive("timeout", () => timeouts++).receive("ok", resolve))
  assert.equal(timeouts, 1)
  await fence(channel)
  await sleep(450)
  await fence(channel)
  assert.equal(channel.state, "joined")
  assert.equal(tries, 2)
})

scenario("the 101st channel of a connection is refused, and there is room again after a leave", async () => {
  const s = await connect()
  const channels = await Promise.all(Array.from({length: 100}, (_, n) => join(s, `room:${n}`)))
  const error = await join(s, "room:100").catch(e => e)
  assert.deepEqual([error.status, error.response], ["error", {reason: "too many channels joined"}])
  s.channels.find(channel => channel.topic === "room:100").leave()
  channels[0].leave()
  await framesUntil(s, "room:0", all => all.some(frame => frame.event === "phx_close"), "no phx_close")
  const late = await join(s, "room:late")
  assert.equal((await push(late, "echo", {})).status, "ok")
})

await run()
