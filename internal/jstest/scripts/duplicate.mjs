// Two joins of one topic on one connection.
import {assert, connect, fence, framesUntil, isReplyTo, isV1, join, on, push, raw, replyTo, run, scenario} from "./lib/kit.mjs"

scenario("on the wire: the new join's reply, then the old close", async () => {
  const s = await connect()
  const first = raw(s, "room:lobby", "phx_join", {n: 1})
  await replyTo(s, "room:lobby", first)
  const second = raw(s, "room:lobby", "phx_join", {n: 2})
  const frames = await framesUntil(s, "room:lobby", all => all.length >= 3, "want two replies and a close")
  assert.ok(isReplyTo(first)(frames[0]))
  assert.ok(isReplyTo(second)(frames[1]), `second came ${JSON.stringify(frames[1])}`)
  assert.deepEqual(frames[1].payload, {status: "ok", response: {joined: "room:lobby", params: {n: 2}}})
  const ref = isV1 ? null : first
  assert.deepEqual(frames[2], {join_ref: ref, ref, topic: "room:lobby", event: "phx_close", payload: {}})
})

scenario("three joins in one breath leave the last one joined", async () => {
  const s = await connect()
  const refs = [1, 2, 3].map(n => raw(s, "room:lobby", "phx_join", {n}))
  await replyTo(s, "room:lobby", refs[2])
  const echo = await replyTo(s, "room:lobby", raw(s, "room:lobby", "echo", {n: 9}, isV1 ? null : refs[2]))
  assert.deepEqual(echo.payload, {status: "ok", response: {n: 9}})
})

scenario("a second join ends a slow first one", async () => {
  const s = await connect()
  raw(s, "room:lobby", "phx_join", {slow: 500, n: 1})
  const second = raw(s, "room:lobby", "phx_join", {n: 2})
  const reply = await replyTo(s, "room:lobby", second)
  assert.deepEqual(reply.payload.response, {joined: "room:lobby", params: {n: 2}})
  const echo = await replyTo(s, "room:lobby", raw(s, "room:lobby", "echo", {n: 9}, isV1 ? null : second))
  assert.equal(echo.payload.status, "ok")
})

if (!isV1) {
  scenario("messages of the old join are dropped in silence", async () => {
    const s = await connect()
    const first = raw(s, "room:lobby", "phx_join", {})
    await replyTo(s, "room:lobby", first)
    const second = raw(s, "room:lobby", "phx_join", {})
    await replyTo(s, "room:lobby", second)
    const stale = [raw(s, "room:lobby", "echo", {}, first), raw(s, "room:lobby", "phx_leave", {}, first)]
    const fresh = await replyTo(s, "room:lobby", raw(s, "room:lobby", "echo", {n: 1}, second))
    assert.deepEqual(fresh.payload, {status: "ok", response: {n: 1}})
    assert.deepEqual(s.frames.filter(frame => stale.includes(frame.ref)), [])
  })

  // A V1 client cannot tell the old close from one of its own: its frames carry no join_ref.
  scenario("two channel objects: the second wins, the first closes", async () => {
    const s = await connect()
    const first = await join(s, "room:lobby", {n: 1})
    const second = await join(s, "room:lobby", {n: 2})
    assert.deepEqual(second.joinReply.response.params, {n: 2})
    await first.closes.next("the first channel did not close")
    const heard = on(second, "shout")
    await push(second, "shout", {n: 3})
    assert.deepEqual(await heard.next(), {n: 3})
    await fence(second)
    assert.deepEqual([second.state, second.closes.all, second.errors.all], ["joined", [], []])
    assert.deepEqual(s.channels, [second])
  })
}

await run()
