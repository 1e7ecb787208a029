// What every script starts with: the client it is told to use, and the lines by which it reports.
//
//   URL        ws://host:port/socket
//   CLIENT     phoenix (default) or phoenix17
//   TRANSPORT  websocket (default) or longpoll
//   VSN        2.0.0 (default) or 1.0.0
//
// Out, one JSON object a line: {"ok": name}, {"fail": name, "why": text}, {"need": what, …}, and {"done": n} at the end.
// In, one line for each need, when it was done: {"did": what} or {"failed": what, "why": text}.
import assert from "node:assert/strict"
import {createInterface} from "node:readline"
import "./browserlike.mjs"
import {transportFor} from "./transport.mjs"
import {v1} from "./v1.mjs"

export {assert}

export const env = {
  url: process.env.URL,
  client: process.env.CLIENT ?? "phoenix",
  transport: process.env.TRANSPORT ?? "websocket",
  vsn: process.env.VSN ?? "2.0.0",
}
export const isWebSocket = env.transport === "websocket"
export const isV1 = env.vsn.startsWith("1.")
export const is17 = env.client === "phoenix17"

// A client of 1.7 over long-poll opens a new session when the old one is gone, but does not know that its channels are: a
// bug of that client, repaired in 1.8.
export const rejoins = isWebSocket || !is17

// A client of 1.7 sends any number of messages in one long-poll request, of which the server takes 100.
export const atOnce = rejoins ? 250 : 100

const client = await import(env.client)
export const {Socket, Presence, LongPoll} = client

// --- reporting ---

const cases = []
const PATIENCE = 15_000

// scenario declares a case. The cases of a script run one after another, in order, each with fresh sockets.
export function scenario(name, run) {
  cases.push({name, run})
}

// run runs what was declared and ends the process.
export async function run() {
  for (const {name, run} of cases) {
    try {
      await within(PATIENCE, `the case took longer than ${PATIENCE} ms`, run())
      say({ok: name})
    } catch (error) {
      say({fail: name, why: error?.stack ?? String(error)})
    } finally {
      await closeAll()
    }
  }
  say({done: reported})
  process.stdout.write("", () => process.exit(0))
}

let reported = 0

function say(line) {
  if (line.ok || line.fail) {
    reported++
  }
  process.stdout.write(JSON.stringify(line) + "\n")
}

process.on("unhandledRejection", error => {
  say({fail: "nothing is left unhandled", why: error?.stack ?? String(error)})
  process.exitCode = 1
})
process.on("uncaughtException", error => {
  say({fail: "nothing is thrown out of a callback", why: error?.stack ?? String(error)})
  process.exitCode = 1
})

// --- asking the Go side ---

const answers = inbox()
createInterface({input: process.stdin}).on("line", line => answers.put(JSON.parse(line))).on("close", () => {})
process.stdin.unref?.()

// need asks for something that only the server's side can do, and waits until it is done.
export async function need(what, details = {}) {
  say({need: what, ...details})
  process.stdin.ref?.()
  const answer = await answers.next()
  process.stdin.unref?.()
  assert.equal(answer.did, what, answer.why)
}

// --- waiting ---

// within fails when a promise takes too long.
export function within(ms, why, promise) {
  let timer
  const late = new Promise((_, reject) => {
    const error = new Error(why)
    timer = setTimeout(() => reject(error), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

export function sleep(ms) {
  return new Promise(resolve => setTimeout(resolve, ms))
}

// inbox keeps what arrives until somebody asks for it.
export function inbox() {
  const kept = []
  const waiting = []
  return {
    all: kept,
    put(value) {
      const taker = waiting.shift()
      taker ? taker(value) : kept.push(value)
    },
    next(why = "nothing arrived") {
      if (kept.length > 0) {
        return Promise.resolve(kept.shift())
      }
      const error = new Error(why)
      return new Promise((resolve, reject) => {
        const taker = value => {
          clearTimeout(timer)
          resolve(value)
        }
        const timer = setTimeout(() => {
          waiting.splice(waiting.indexOf(taker), 1)
          reject(error)
        }, 8000)
        waiting.push(taker)
      })
    },
  }
}

// --- sockets and channels, with promises ---

const sockets = new Set()

// socket makes a socket as the environment says, with back-offs short enough for a test.
export function socket(options = {}) {
  const made = new Socket(options.url ?? env.url, {
    transport: transportFor(env.transport, LongPoll, isV1),
    vsn: env.vsn,
    reconnectAfterMs: tries => [10, 20, 50, 100][tries - 1] ?? 200,
    rejoinAfterMs: tries => [20, 50, 100][tries - 1] ?? 200,
    timeout: 8000,
    ...(isV1 ? v1 : {}),
    ...options,
  })
  sockets.add(made)
  made.opened = inbox()
  made.closed = inbox()
  made.frames = []
  made.onOpen(() => made.opened.put(true))
  made.onClose(event => made.closed.put(event))
  made.onMessage(frame => made.frames.push(frame))
  return made
}

// connect returns a socket that is open.
export async function connect(options) {
  const made = socket(options)
  made.connect()
  await made.opened.next("the socket did not open")
  return made
}

async function closeAll() {
  await Promise.all([...sockets].map(s => within(3000, "the socket did not close",
    new Promise(resolve => s.disconnect(resolve))).catch(() => {})))
  sockets.clear()
}

// join joins a topic with a new channel object; an error reply is thrown as {status, response}.
export async function join(socket, topic, params) {
  const channel = socket.channel(topic, params)
  track(channel)
  channel.joinReply = await outcome(channel.join())
  channel.joins.all.length = 0 // the inbox is for rejoins
  if (channel.joinReply.status !== "ok") {
    throw Object.assign(new Error(`join of ${topic}: ${JSON.stringify(channel.joinReply)}`), channel.joinReply)
  }
  return channel
}

// track gives a channel inboxes for its close, its errors, and each of its successful joins.
export function track(channel) {
  channel.closes = inbox()
  channel.errors = inbox()
  channel.joins = inbox()
  channel.onClose(payload => channel.closes.put(payload))
  channel.onError(payload => channel.errors.put(payload ?? {}))
  channel.joinPush.receive("ok", response => channel.joins.put(response))
  return channel
}

// outcome is the first reply to a push: {status, response}.
export function outcome(push) {
  return new Promise(resolve => {
    for (const status of ["ok", "error", "timeout"]) {
      push.receive(status, response => resolve({status, response}))
    }
  })
}

export function push(channel, event, payload = {}, timeout) {
  return outcome(channel.push(event, payload, timeout))
}

// on returns an inbox of one event of a channel.
export function on(channel, event) {
  const box = inbox()
  channel.on(event, payload => box.put(payload))
  return box
}

// fence returns when everything that the server had sent to this channel before has arrived.
export async function fence(channel) {
  const {status} = await push(channel, "echo", {fence: true})
  assert.equal(status, "ok")
}

// --- the wire ---

// raw sends a message as it stands, past the client's own rules, and returns its ref.
export function raw(socket, topic, event, payload = {}, joinRef = undefined) {
  const ref = socket.makeRef()
  socket.push({topic, event, payload, ref, join_ref: joinRef === undefined ? ref : joinRef})
  return ref
}

// framesUntil waits until the frames of a topic satisfy a predicate and returns them.
export function framesUntil(socket, topic, predicate, why) {
  const mine = () => socket.frames.filter(frame => frame.topic === topic)
  return within(8000, `${why}; frames were ${JSON.stringify(mine())}`, new Promise(resolve => {
    const check = () => predicate(mine()) && resolve(mine())
    socket.onMessage(check)
    check()
  })).catch(error => {
    throw new Error(`${why}; frames were ${JSON.stringify(mine())}`, {cause: error})
  })
}

// replyTo waits for the reply to a ref.
export async function replyTo(socket, topic, ref) {
  const frames = await framesUntil(socket, topic, all => all.some(isReplyTo(ref)), `no reply to ref ${ref}`)
  return frames.find(isReplyTo(ref))
}

export function isReplyTo(ref) {
  return frame => frame.event === "phx_reply" && frame.ref === ref
}
