// The names of a browser that the clients look for. Imported before the client, which reads them once.
import {XMLHttpRequest} from "./xhr.mjs"

// 1.7 finds no global object without this one.
globalThis.self = globalThis
globalThis.XMLHttpRequest = XMLHttpRequest
// A WebSocket of node's own would only confuse: each script passes its transport.
delete globalThis.WebSocket
