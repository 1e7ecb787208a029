// Replays what clients of the tracker were told into npm's Presence: it must hold what the tracker listed at the end.
import {readFileSync} from "node:fs"
import {assert, Presence, run, scenario} from "./lib/kit.mjs"

const histories = readFileSync(process.env.HISTORIES, "utf8").trimEnd().split("\n").map(line => JSON.parse(line))

// canonical orders keys and metas: neither order means anything.
const canonical = state => JSON.stringify(Object.getOwnPropertyNames(state).sort().map(key =>
  [key, state[key].metas.map(meta => JSON.stringify(Object.entries(meta).sort())).sort()]))

// replay gives a Presence what one client was told.
function replay(events) {
  const handlers = {}
  const channel = {on: (event, handler) => { handlers[event] = handler; return 1 }, joinRef: () => "1"}
  const presence = new Presence(channel)
  for (const {state, diff} of events) {
    state ? handlers.presence_state(state) : handlers.presence_diff(diff)
  }
  return presence
}

scenario("every history ends in what the tracker lists", async () => {
  assert.equal(histories.length, Number(process.env.COUNT))
  let compared = 0
  for (const {name, clients, listing} of histories) {
    for (const events of clients) {
      if (events.some(({state}) => state)) {
        compared++
        assert.equal(canonical(replay(events).state), canonical(listing), `history ${name}`)
      }
    }
  }
  assert.ok(compared > histories.length / 2, `only ${compared} clients of ${histories.length} histories were compared`)
})

scenario("what has left never comes back", async () => {
  let left = 0
  for (const {name, clients} of histories) {
    const gone = new Set()
    for (const {diff} of clients[0].filter(({diff}) => diff)) {
      for (const {metas} of Object.values(diff.joins)) {
        metas.forEach(({phx_ref}) => assert.ok(!gone.has(phx_ref), `history ${name}: ${phx_ref} joins again`))
      }
      for (const {metas} of Object.values(diff.leaves)) {
        assert.ok(metas.length > 0, `history ${name}: nobody leaves`)
        metas.forEach(({phx_ref}) => gone.add(phx_ref))
      }
    }
    left += gone.size
  }
  assert.ok(left > histories.length / 5, `only ${left} metas left`)
})

await run()
