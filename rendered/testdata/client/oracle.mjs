// Merges diffs as the client does and says what HTML that makes.
//
// In, one JSON object a line: {"join": diff}, {"diff": diff} or {"prune": [cid, …]}.
// Out, a line for each: {"html": text} or {"error": text}.
//
// The HTML is of the whole view, without what the client adds to root elements and without its optimisation of leaving out
// elements that have not changed. After that the client's own rendering runs, since it changes the tree.
import {createInterface} from "node:readline"
import {Rendered} from "./client.mjs"

globalThis.window ??= globalThis

let view

function whole() {
  const shadow = Object.assign(Object.create(Rendered.prototype), view, {rendered: structuredClone(view.rendered)})
  forget(shadow.rendered)
  shadow.recursiveCIDToString = (components, cid, only) => {
    if (components[cid]) components[cid].reset = true // at each place where it is shown
    return Rendered.prototype.recursiveCIDToString.call(shadow, components, cid, only)
  }
  const {buffer} = shadow.recursiveToString(shadow.rendered, shadow.rendered.c, null, false, {}, null)
  return buffer.replace(/ data-phx-(id|component|view)="[^"]*"/g, "")
}

function forget(node) {
  if (node === null || typeof node !== "object") return
  delete node.magicId
  delete node.newRender
  Object.values(node).forEach(forget)
}

// render is what the client does to its tree when it patches the page.
function render(diff) {
  const cids = view.componentCIDs(diff)
  if (view.isComponentOnlyDiff(diff)) {
    cids.forEach((cid) => view.componentToString(cid))
  } else if (Object.keys(diff).length > 0) {
    view.toString(cids)
  }
}

function answer({join, diff, prune}) {
  if (prune) {
    view.pruneCIDs(prune)
  } else if (join) {
    view = new Rendered("phx-1", Rendered.extract(join).diff)
    const html = whole()
    view.toString()
    return html
  } else {
    const changes = Rendered.extract(diff).diff
    view.mergeDiff(changes)
    const html = whole()
    render(changes)
    return html
  }
  return whole()
}

for await (const line of createInterface({input: process.stdin})) {
  let out
  try {
    out = {html: answer(JSON.parse(line))}
  } catch (error) {
    out = {error: error?.stack ?? String(error)}
  }
  process.stdout.write(JSON.stringify(out) + "\n")
}
