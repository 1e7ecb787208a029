// Small helpers over the DOM. Text from people only ever goes through textContent.

export function byId(id) {
  return document.getElementById(id)
}

export function element(tag, {testid, className, text, ...attributes} = {}, ...children) {
  const node = document.createElement(tag)
  if (testid) {
    node.dataset.testid = testid
  }
  if (className) {
    node.className = className
  }
  if (text !== undefined) {
    node.textContent = text
  }
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, value)
  }
  node.append(...children)
  return node
}

// avatar makes node a disc with the first letter of a name, in a colour that stays with the name.
export function avatar(node, name) {
  let hue = 7
  for (const letter of name) {
    hue = (hue * 31 + letter.codePointAt(0)) % 360
  }
  node.style.setProperty("--hue", hue)
  node.textContent = ([...name.trim()][0] ?? "?").toUpperCase()
  return node
}
