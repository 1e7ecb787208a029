import {assert, need, run, scenario} from "./lib/kit.mjs"

scenario("passes", async () => {})
scenario("fails", async () => assert.equal(1, 2, "one is not two"))
scenario("is served", async () => need("restart", {id: 7}))
scenario("is not served", async () => need("nonsense"))
scenario("sees the environment", async () => assert.equal(process.env.COLOUR, "red"))
console.log("a plain line")

await run()
