// The client's bundle keeps its class Rendered to itself. The copy in dist exports it as well; nothing else is different.
import {copyFileSync, mkdirSync, readFileSync, writeFileSync} from "node:fs"

const bundle = readFileSync("node_modules/phoenix_live_view/priv/static/phoenix_live_view.esm.js", "utf8")
if (!/^var Rendered = class /m.test(bundle)) {
  throw new Error("this version of the client has no class Rendered at the top of its bundle")
}
mkdirSync("dist", {recursive: true})
writeFileSync("dist/client.mjs", bundle + "\nexport {Rendered}\n")
copyFileSync("oracle.mjs", "dist/oracle.mjs")
