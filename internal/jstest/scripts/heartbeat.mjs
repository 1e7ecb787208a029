// The client's heartbeat, and what it does when nobody answers.
import {assert, connect, fence, framesUntil, isWebSocket, join, raw, replyTo, run, scenario} from "./lib/kit.mjs"
import {deaf} from "./lib/transport.mjs"

scenario("a heartbeat is answered ok", async () => {
  const s = await connect()
  const reply = await replyTo(s, "phoenix", raw(s, "phoenix", "heartbeat", {}, null))
  assert.deepEqual(reply, {join_ref: null, ref: reply.ref, topic: "phoenix", event: "phx_reply", payload: {status: "ok", response: {}}})
})

scenario("ping measures the way there and back", async () => {
  const s = await connect()
  const ms = await new Promise(resolve => assert.ok(s.ping(resolve)))
  assert.ok(ms >= 0 && ms < 5000, `${ms} ms`)
})

if (isWebSocket) {
  scenario("heartbeats go on and the connection stays", async () => {
    const s = await connect({heartbeatIntervalMs: 60})
    const channel = await join(s, "room:lobby")
    await framesUntil(s, "phoenix", all => all.length >= 5, "want five heartbeats")
    await fence(channel)
    assert.deepEqual([s.closed.all.length, channel.errors.all.length], [0, 0])
  })

  scenario("unanswered heartbeats: the client closes, connects and joins again", async () => {
    let lost = 0
    const transport = deaf(data => String(data).includes("heartbeat") && lost++ < 1)
    const s = await connect({transport, heartbeatIntervalMs: 80})
    const channel = await join(s, "room:lobby")
    await channel.errors.next("the lost heartbeat was not noticed")
    await s.opened.next("no new connection")
    await channel.joins.next("not joined again")
    await fence(channel)
    assert.ok(lost >= 1)
  })
}

await run()
