// A channel that crashes takes nothing else down and is joined again.
import {assert, connect, fence, framesUntil, isV1, join, on, push, raw, replyTo, run, scenario} from "./lib/kit.mjs"

scenario("a crash is told, and the client joins again", async () => {
  const s = await connect()
  const channel = await join(s, "room:lobby", {n: 1})
  channel.push("crash", {})
  await channel.errors.next("phx_error did not arrive")
  assert.deepEqual(await channel.joins.next("no rejoin"), {joined: "room:lobby", params: {n: 1}})
  await fence(channel)
  assert.equal(s.opened.all.length + s.closed.all.length, 0, "the connection was not to be touched")
})

scenario("on the wire: phx_error with the refs of the join", async () => {
  const s = await connect()
  const j = raw(s, "room:lobby", "phx_join", {})
  await replyTo(s, "room:lobby", j)
  raw(s, "room:lobby", "crash", {}, isV1 ? null : j)
  const frames = await framesUntil(s, "room:lobby", all => all.length >= 2, "no phx_error")
  const ref = isV1 ? null : j
  assert.deepEqual(frames[1], {join_ref: ref, ref, topic: "room:lobby", event: "phx_error", payload: {reason: "channel_crash"}})
  const gone = await replyTo(s, "room:lobby", raw(s, "room:lobby", "echo", {}, null))
  assert.deepEqual(gone.payload, {status: "error", response: {reason: "unmatched topic"}})
})

scenario("other channels and other connections stay", async () => {
  const s = await connect()
  const unlucky = await join(s, "room:unlucky")
  const neighbour = await join(s, "room:neighbour")
  const stranger = await join(await connect(), "room:unlucky")
  const heard = on(stranger, "shout")
  unlucky.push("crash", {})
  await unlucky.errors.next()
  await fence(neighbour)
  await fence(stranger)
  await unlucky.joins.next("no rejoin")
  await push(unlucky, "shout", {n: 1})
  assert.deepEqual(await heard.next(), {n: 1})
  assert.deepEqual([neighbour.errors.all, stranger.errors.all], [[], []])
})

scenario("it may crash again and again", async () => {
  const channel = await join(await connect(), "room:lobby")
  for (let i = 0; i < 5; i++) {
    channel.push("crash", {})
    await channel.errors.next(`no phx_error, round ${i}`)
    await channel.joins.next(`no rejoin, round ${i}`)
    await fence(channel)
  }
})

scenario("a crash while joining is an error reply, and the client tries again", async () => {
  const s = await connect()
  let tries = 0
  const channel = s.channel("room:lobby", () => ({crash: ++tries < 3}))
  const refusals = []
  await new Promise(resolve => channel.join().receive("error", reply => refusals.push(reply)).receive("ok", resolve))
  assert.deepEqual(refusals, [{reason: "join crashed"}, {reason: "join crashed"}])
  await fence(channel)
})

await run()
