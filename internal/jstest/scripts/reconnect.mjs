// The server goes away and comes back.
import {assert, connect, fence, isWebSocket, join, need, on, push, run, scenario} from "./lib/kit.mjs"

scenario("after a restart every channel is joined again, by itself", async () => {
  const s = await connect()
  const channels = await Promise.all(["room:a", "room:b", "room:c"].map(topic => join(s, topic, {topic})))
  const other = await join(await connect(), "room:a")
  await need("restart")
  for (const channel of [...channels, other]) {
    const reply = await channel.joins.next(`${channel.topic} was not joined again`)
    assert.equal(reply.joined, channel.topic)
  }
  const heard = on(other, "shout")
  await push(channels[0], "shout", {n: 1})
  assert.deepEqual(await heard.next(), {n: 1})
})

scenario("what is pushed while the server is away arrives after it is back", async () => {
  const s = await connect()
  const channel = await join(s, "room:lobby")
  const back = need("restart")
  await s.closed.next("the connection did not close")
  const pushed = push(channel, "echo", {n: 7})
  await back
  assert.deepEqual(await pushed, {status: "ok", response: {n: 7}})
})

scenario("a client that disconnects stays away", async () => {
  const s = await connect()
  const channel = await join(s, "room:lobby")
  const witness = await join(await connect(), "room:lobby")
  await new Promise(resolve => s.disconnect(resolve, 1000, "bye"))
  await need("restart")
  await witness.joins.next("the witness did not come back")
  await fence(witness)
  assert.equal(s.opened.all.length, 0)
  assert.equal(channel.joins.all.length, 0)
  // …until it connects again.
  s.connect()
  await s.opened.next("the socket did not open again")
  await channel.joins.next("the channel was not joined again")
})

if (isWebSocket) {
  scenario("a client's close handshake is answered with its code", async () => {
    const s = await connect()
    const closed = new Promise(resolve => s.conn.addEventListener("close", resolve))
    s.disconnect(() => {}, 1000, "done")
    const {code, wasClean} = await closed
    assert.deepEqual([code, wasClean], [1000, true])
  })
}

await run()
