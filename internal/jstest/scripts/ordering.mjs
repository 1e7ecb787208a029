// What is sent without waiting arrives in order, and a slow join holds up nobody else.
import {assert, atOnce, connect, fence, framesUntil, isReplyTo, join, on, push, raw, replyTo, run, scenario, socket, isV1} from "./lib/kit.mjs"

const joinRef = ref => isV1 ? null : ref

scenario("pushes right behind the join, in one breath, are answered in order after it", async () => {
  const s = await connect()
  const j = raw(s, "room:fast", "phx_join", {})
  const refs = Array.from({length: 50}, (_, n) => raw(s, "room:fast", "echo", {n}, j))
  const frames = await framesUntil(s, "room:fast", all => all.length >= 51, "want 51 replies")
  assert.deepEqual(frames.map(frame => frame.ref), [j, ...refs])
  assert.deepEqual(frames.slice(1).map(frame => frame.payload.response.n), refs.map((_, n) => n))
})

scenario("pushes right behind a slow join wait for it", async () => {
  const s = await connect()
  const j = raw(s, "room:slow", "phx_join", {slow: 200})
  const refs = Array.from({length: 50}, (_, n) => raw(s, "room:slow", "echo", {n}, j))
  const frames = await framesUntil(s, "room:slow", all => all.length >= 51, "want 51 replies")
  assert.deepEqual(frames.map(frame => frame.ref), [j, ...refs])
  assert.ok(frames.every(frame => frame.payload.status === "ok"))
})

scenario("the client's own buffer: join and push without waiting, before the socket is open", async () => {
  const s = socket()
  const channel = s.channel("room:lobby", {})
  const outcomes = []
  channel.join().receive("ok", () => outcomes.push("join"))
  const pushes = Array.from({length: 10}, (_, n) => push(channel, "echo", {n}).then(reply => outcomes.push(reply.response.n)))
  s.connect()
  await Promise.all(pushes)
  assert.deepEqual(outcomes, ["join", 0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
})

scenario("a slow join holds up neither another topic nor the heartbeat", async () => {
  const s = await connect()
  const fast = await join(s, "room:fast")
  const order = []
  const slow = raw(s, "room:slow", "phx_join", {slow: 600})
  const beat = raw(s, "phoenix", "heartbeat", {}, null)
  await Promise.all([
    push(fast, "echo", {}).then(() => order.push("echo")),
    join(s, "room:other").then(() => order.push("other join")),
    replyTo(s, "phoenix", beat).then(() => order.push("heartbeat")),
    replyTo(s, "room:slow", slow).then(() => order.push("slow join")),
  ])
  assert.equal(order.length, 4)
  assert.equal(order[3], "slow join", `the order was ${order}`)
})

scenario("leave right behind a slow join leaves nothing joined", async () => {
  const s = await connect()
  const j = raw(s, "room:slow", "phx_join", {slow: 150})
  const l = raw(s, "room:slow", "phx_leave", {}, j)
  const left = await replyTo(s, "room:slow", l)
  assert.equal(left.payload.status, "ok")
  const probe = await replyTo(s, "room:slow", raw(s, "room:slow", "echo", {}, null))
  assert.deepEqual(probe.payload, {status: "error", response: {reason: "unmatched topic"}})
})

scenario("the join reply comes before anything else of the topic", async () => {
  const loud = await join(await connect(), "room:loud")
  const s = await connect()
  let shouting = true
  const noise = (async () => {
    while (shouting) {
      await push(loud, "shout", {})
    }
  })()
  for (let i = 0; i < 10; i++) {
    const from = s.frames.length
    const j = raw(s, "room:loud", "phx_join", {})
    await replyTo(s, "room:loud", j)
    await framesUntil(s, "room:loud", all => all.some(f => f.event === "shout" && s.frames.indexOf(f) >= from), "no broadcast")
    const first = s.frames.slice(from).find(frame => frame.topic === "room:loud")
    assert.ok(isReplyTo(j)(first), `first came ${JSON.stringify(first)}`)
    raw(s, "room:loud", "phx_leave", {}, joinRef(j))
    await framesUntil(s, "room:loud", all => all.filter(f => f.event === "phx_close").length > i, "no phx_close")
  }
  shouting = false
  await noise
})

scenario("broadcasts arrive in the order in which one client sent them, at every client", async () => {
  const receivers = []
  for (let i = 0; i < 3; i++) {
    receivers.push(await join(await connect(), "room:lobby"))
  }
  const boxes = receivers.map(channel => on(channel, "shout"))
  const numbers = Array.from({length: atOnce}, (_, n) => n)
  await Promise.all(numbers.map(n => push(receivers[0], "shout", {n})))
  await Promise.all(receivers.map(fence))
  for (const box of boxes) {
    assert.deepEqual(box.all.map(payload => payload.n), numbers)
  }
})

scenario("a broadcast comes before the reply that the same callback sends after it", async () => {
  const s = await connect()
  const channel = await join(s, "room:lobby")
  for (let i = 0; i < 20; i++) {
    const from = s.frames.length
    await push(channel, "push_me", {i})
    const events = s.frames.slice(from).map(frame => frame.event)
    assert.deepEqual(events, ["pushed", "phx_reply"])
  }
})

await run()
