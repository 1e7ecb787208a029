// The server stops in an orderly way, and another one takes its place.
import {assert, connect, fence, isWebSocket, join, need, on, push, rejoins, run, scenario} from "./lib/kit.mjs"

scenario("a drained connection is closed with 1012 and comes back", async () => {
  const s = await connect()
  const channels = [await join(s, "room:a"), await join(s, "room:b")]
  const idle = await connect() // joined nothing
  await need("drain")
  if (isWebSocket) {
    assert.equal((await s.closed.next("not closed")).code, 1012)
    assert.equal((await idle.closed.next("the one without channels was not closed")).code, 1012)
  }
  await s.opened.next("the socket did not come back")
  await idle.opened.next("the one without channels did not come back")
  for (const channel of rejoins ? channels : []) {
    await channel.joins.next(`${channel.topic} was not joined again`)
    await fence(channel)
    assert.equal(channel.closes.all.length, 0, "a drained channel is not closed: the client would not join it again")
  }
})

if (rejoins) scenario("nothing is lost that was answered", async () => {
  const s = await connect()
  const channel = await join(s, "room:a")
  const heard = on(channel, "shout")
  const answered = []
  let pushing = true
  const pushes = (async () => {
    for (let n = 0; pushing; n++) {
      const {status} = await push(channel, "shout", {n}, 300)
      if (status === "ok") {
        answered.push(n)
      }
    }
  })()
  await heard.next("no broadcast before the drain").then(first => heard.all.unshift(first))
  await need("drain")
  await channel.joins.next("not joined again")
  pushing = false
  await pushes
  await fence(channel)
  const got = new Set(heard.all.map(payload => payload.n))
  assert.deepEqual(answered.filter(n => !got.has(n)), [])
  assert.ok(answered.length > 0)
})

await run()
