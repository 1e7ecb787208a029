import {run, scenario, sleep} from "./lib/kit.mjs"

scenario("leaves a rejected promise behind", async () => {
  Promise.reject(new Error("nobody waits for this"))
  await sleep(10)
})

await run()
