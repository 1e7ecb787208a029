// npm's Presence, fed by the server's states and diffs, must equal what the server lists.
import {assert, connect, fence, is17, isWebSocket, join, Presence, push, run, scenario, sleep, within} from "./lib/kit.mjs"

// watch joins a topic as a user and keeps a Presence.
async function watch(topic, user, device = "desk") {
  const s = await connect()
  const channel = s.channel(topic, {user, device})
  const presence = new Presence(channel)
  const syncs = []
  presence.onSync(() => syncs.forEach(check => check()))
  channel.joinPush.receive("error", reply => { throw new Error(`join refused: ${JSON.stringify(reply)}`) })
  channel.join()
  const until = (why, condition) => within(8000, "", new Promise(resolve => {
    const check = () => condition() && resolve()
    syncs.push(check)
    check()
  })).catch(() => assert.fail(`${why}; ${user} sees ${JSON.stringify(presence.state)}`))
  await until(`${user} does not see itself`, () => presence.state[user])
  return {s, channel, presence, user, until, see: () => canonical(presence.state)}
}

// canonical orders keys and metas: neither order means anything.
function canonical(state) {
  return JSON.stringify(Object.getOwnPropertyNames(state).sort().map(key =>
    [key, state[key].metas.map(meta => JSON.stringify(Object.entries(meta).sort())).sort()]))
}

// vanish goes away without a word, where the server can notice: a long-poll session only ends when it was idle for long.
function vanish(watcher) {
  isWebSocket ? watcher.s.disconnect() : watcher.channel.leave()
}

// agree waits until all see what the server lists at that moment, and returns it. Both may still be on their way when it
// is called, so the server is asked again until everything has come to rest.
async function agree(watchers) {
  const deadline = Date.now() + 8000
  for (;;) {
    const {status, response} = await push(watchers[0].channel, "list")
    assert.equal(status, "ok")
    const truth = canonical(response)
    const astray = watchers.filter(w => w.see() !== truth)
    if (astray.length === 0) {
      return response
    }
    if (Date.now() > deadline) {
      assert.fail(`the server lists ${truth}; ${astray.map(w => `${w.user} sees ${w.see()}`).join("; ")}`)
    }
    await sleep(20)
  }
}

function keys(presence) {
  return Object.getOwnPropertyNames(presence.state).sort().join()
}

scenario("state after the join, with the metas' own fields and a ref", async () => {
  const ada = await watch("presence:lobby", "ada", "phone")
  const {metas} = ada.presence.state.ada
  assert.equal(metas.length, 1)
  assert.equal(metas[0].device, "phone")
  assert.equal(typeof metas[0].phx_ref, "string")
  assert.equal(metas[0].phx_ref_prev, undefined)
})

scenario("ten clients at once see the same ten", async () => {
  const users = Array.from({length: 10}, (_, n) => `user${n}`)
  const watchers = await Promise.all(users.map(user => watch("presence:ten", user)))
  await Promise.all(watchers.map(w => w.until(`${w.user} does not see all`, () => Object.keys(w.presence.state).length === 10)))
  const state = await agree(watchers)
  assert.deepEqual(Object.keys(state).sort(), users)

  // Some leave, some vanish without a word, some come.
  watchers[0].channel.leave()
  vanish(watchers[1])
  const late = [await watch("presence:ten", "late1"), await watch("presence:ten", "late2")]
  const present = [...watchers.slice(2), ...late]
  const rest = [...users.slice(2), "late1", "late2"].sort()
  await Promise.all(present.map(w => w.until(`${w.user} still sees who left`, () => keys(w.presence) === rest.join())))
  assert.deepEqual(Object.keys(await agree(present)).sort(), rest)
})

scenario("one person on two devices is one key with two metas", async () => {
  const desk = await watch("presence:devices", "ada", "desk")
  const phone = await watch("presence:devices", "ada", "phone")
  const devices = w => (w.presence.state.ada?.metas ?? []).map(meta => meta.device).sort().join()
  await desk.until("no second device", () => devices(desk) === "desk,phone")
  await phone.until("no second device", () => devices(phone) === "desk,phone")
  phone.channel.leave()
  await desk.until("the phone is still there", () => devices(desk) === "desk")
  await agree([desk])
})

scenario("joins and leaves are told one by one", async () => {
  const ada = await watch("presence:told", "ada")
  const told = []
  // Her own join may be told once more: the diff can come after the state that holds it already.
  const tell = (key, what) => key === "bob" && told.push(`${what} ${key}`)
  ada.presence.onJoin((key, current) => tell(key, current ? "more" : "new"))
  ada.presence.onLeave((key, current) => tell(key, current.metas.length ? "less" : "gone"))
  const one = await watch("presence:told", "bob", "one")
  await ada.until("bob is not there", () => ada.presence.state.bob?.metas.length === 1)
  const two = await watch("presence:told", "bob", "two")
  await ada.until("bob's second is not there", () => ada.presence.state.bob?.metas.length === 2)
  one.channel.leave()
  await ada.until("bob's first is still there", () => ada.presence.state.bob?.metas.length === 1)
  vanish(two)
  await ada.until("bob is still there", () => !ada.presence.state.bob)
  assert.deepEqual(told, ["new bob", "more bob", "less bob", "gone bob"])
})

scenario("an update replaces the meta and names the ref before", async () => {
  const ada = await watch("presence:update", "ada")
  const bob = await watch("presence:update", "bob")
  await bob.until("ada is not there", () => bob.presence.state.ada)
  const gone = []
  bob.presence.onLeave((key, current) => current.metas.length === 0 && gone.push(key))
  let ref = bob.presence.state.ada.metas[0].phx_ref
  for (const mood of ["well", "better", "best"]) {
    assert.equal((await push(ada.channel, "update", {mood})).status, "ok")
    await bob.until(`${mood} did not arrive`, () => bob.presence.state.ada?.metas[0].mood === mood)
    const {metas} = bob.presence.state.ada
    assert.equal(metas.length, 1)
    assert.equal(metas[0].phx_ref_prev, ref)
    assert.notEqual(metas[0].phx_ref, ref)
    ref = metas[0].phx_ref
  }
  assert.deepEqual(gone, [])
  await agree([ada, bob])
})

scenario("untracked is not there, and still hears the others", async () => {
  const ada = await watch("presence:untrack", "ada")
  const bob = await watch("presence:untrack", "bob")
  await ada.until("bob is not there", () => ada.presence.state.bob)
  assert.equal((await push(bob.channel, "untrack")).status, "ok")
  await ada.until("bob is still there", () => !ada.presence.state.bob)
  await bob.until("bob still sees himself", () => !bob.presence.state.bob)
  await agree([ada, bob])
})

scenario("a crash is a leave and a join", async () => {
  const ada = await watch("presence:crash", "ada")
  const bob = await watch("presence:crash", "bob")
  await ada.until("bob is not there", () => ada.presence.state.bob)
  const ref = ada.presence.state.bob.metas[0].phx_ref
  bob.channel.push("crash", {})
  await ada.until("bob did not come back", () => ada.presence.state.bob?.metas.length === 1 &&
    ada.presence.state.bob.metas[0].phx_ref !== ref)
  await bob.until("bob does not see himself", () => bob.presence.state.bob?.metas.length === 1 &&
    bob.presence.state.bob.metas[0].phx_ref !== ref)
  await agree([ada, bob])
})

scenario("states and diffs at every interleaving of many", async () => {
  const watchers = await Promise.all(Array.from({length: 10}, (_, n) => watch("presence:storm", `user${n % 4}`, `d${n}`)))
  const steps = []
  for (let round = 0; round < 5; round++) {
    watchers.forEach((w, n) => {
      if ((round + n) % 3 === 0) {
        steps.push(push(w.channel, "update", {round, n}))
      }
    })
  }
  await Promise.all(steps)
  for (const w of watchers.splice(0, 4)) {
    w.channel.leave()
  }
  watchers.push(...await Promise.all([1, 2, 3].map(n => watch("presence:storm", "user0", `late${n}`))))
  await agree(watchers)
  await Promise.all(watchers.map(w => fence(w.channel)))
})

if (!is17) {
  // 1.7 keeps its state in an object with a prototype, where such keys are lost.
  scenario("keys that JavaScript's objects have of their own", async () => {
    const odd = ["__proto__", "constructor", "toString", "hasOwnProperty"]
    const ada = await watch("presence:odd", "ada")
    for (const user of odd) {
      const s = await connect()
      await join(s, "presence:odd", {user, device: "x"})
    }
    await ada.until("not all are there", () => odd.every(key => ada.presence.state[key]))
    await agree([ada])
  })
}

await run()
