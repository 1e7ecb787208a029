// What the client says of itself when it connects.
import {assert, connect, env, is17, isWebSocket, join, push, run, scenario, socket} from "./lib/kit.mjs"

async function whoami(s) {
  return (await push(await join(s, "room:lobby"), "whoami")).response
}

scenario("params reach connect, nested ones too", async () => {
  const s = await connect({params: {token: "a b&c=d/é", user: {id: "7", tags: {a: "x"}}}})
  const {params} = await whoami(s)
  assert.equal(params.token, "a b&c=d/é")
  assert.deepEqual(params.user, {id: "7", tags: {a: "x"}})
  assert.equal(params.vsn, env.vsn)
})

scenario("params may be a function, asked at every connect", async () => {
  let n = 0
  const s = await connect({params: () => ({n: ++n})})
  assert.equal((await whoami(s)).params.n, "1")
  await new Promise(resolve => s.disconnect(resolve))
  s.connect()
  await s.opened.next()
  assert.ok(n >= 2)
})

scenario("without a token there is none", async () => {
  assert.equal((await whoami(await connect())).auth_token, null)
})

if (!is17) {
  scenario("authToken reaches connect, out of sight of the address", async () => {
    const token = "SFMyNTY.g2gDdAAAAAFhAWIAAVGA.0-signature_-~é".replace("é", "e")
    const s = await connect({authToken: token})
    const {auth_token, params} = await whoami(s)
    assert.equal(auth_token, token)
    assert.equal(JSON.stringify(params).includes("SFMyNTY"), false)
  })

  scenario("authToken of every length, as base64 without padding", async () => {
    for (const token of ["a", "ab", "abc", "abcd", "x".repeat(500)]) {
      assert.equal((await whoami(await connect({authToken: token}))).auth_token, token)
    }
  })
}

scenario("a refused connect: the client keeps asking and is told nothing", async () => {
  let tries = 0
  const enough = new Promise(resolve => {
    const s = socket({
      params: {refuse: "true"},
      reconnectAfterMs: () => {
        if (++tries === 3) {
          resolve()
        }
        return 20
      },
    })
    s.onOpen(() => assert.fail("a refused connection opened"))
    s.connect()
  })
  await enough
})

scenario("a version that the server does not speak is refused", async () => {
  const s = socket({vsn: "7.0.0"})
  const errored = new Promise(resolve => s.onError(resolve))
  s.onOpen(() => assert.fail("a connection with version 7.0.0 opened"))
  s.connect()
  const error = await errored
  if (isWebSocket) {
    assert.match(error.message, /403/)
  } else {
    assert.equal(error, 403)
  }
})

await run()
