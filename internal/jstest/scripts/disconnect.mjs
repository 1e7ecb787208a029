// The server ends connections by the id that the socket gave itself.
import {assert, connect, fence, isWebSocket, join, need, rejoins, run, scenario} from "./lib/kit.mjs"

scenario("all connections of an id end, come back and join again; others stay", async () => {
  const phone = await connect({params: {id: "users:7"}})
  const desk = await connect({params: {id: "users:7"}})
  const other = await connect({params: {id: "users:8"}})
  const [a, b, c] = [await join(phone, "room:lobby"), await join(desk, "room:lobby"), await join(other, "room:lobby")]
  await need("disconnect", {id: "users:7"})
  if (isWebSocket) {
    const codes = [(await phone.closed.next("the phone was not closed")).code, (await desk.closed.next("the desk was not closed")).code]
    assert.deepEqual(codes, [1001, 1001])
  }
  await phone.opened.next("the phone did not come back")
  await desk.opened.next("the desk did not come back")
  if (rejoins) {
    await a.joins.next("the phone's channel was not joined again")
    await b.joins.next("the desk's channel was not joined again")
    await fence(a)
    await fence(b)
  }
  await fence(c)
  assert.deepEqual([other.closed.all.length, other.opened.all.length, c.errors.all.length], [0, 0, 0])
})

scenario("an id that nobody has harms nobody", async () => {
  const s = await connect({params: {id: "users:9"}})
  const channel = await join(s, "room:lobby")
  await need("disconnect", {id: "users:none"})
  await fence(channel)
  assert.deepEqual([s.closed.all.length, channel.errors.all.length], [0, 0])
})

scenario("a connection without an id cannot be ended by one", async () => {
  const s = await connect()
  const channel = await join(s, "room:lobby")
  await need("disconnect", {id: ""})
  await fence(channel)
  assert.equal(s.closed.all.length, 0)
})

await run()
