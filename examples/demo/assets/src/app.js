// The demo chat: somebody, one Socket, one room at a time.
import {Connection} from "./connection.js"
import {Composer} from "./composer.js"
import {Log} from "./log.js"
import {Notice} from "./notice.js"
import {People} from "./people.js"
import {Room} from "./room.js"
import {Rooms} from "./rooms.js"
import {Session} from "./session.js"
import {Typing} from "./typing.js"
import {byId, avatar} from "./dom.js"
import {explain} from "./words.js"

const session = new Session()
const notice = new Notice()
const log = new Log()
const people = new People()
const typing = new Typing()
const rooms = new Rooms(enter)
const composer = new Composer({send, typing: () => room?.typing(), notice})

let connection = null
let room = null

// --- coming in and going out ---

const form = byId("join")
const nameInput = form.elements.name
nameInput.value = session.rememberedName()

form.addEventListener("submit", async event => {
  event.preventDefault()
  await signIn(nameInput.value)
})
byId("sign-out")?.addEventListener("click", signOut) // a user logs out with a form

if (session.signedIn()) {
  // A reload of the page is not a farewell.
  signIn(session.rememberedName())
} else {
  nameInput.focus()
}

async function signIn(name) {
  const problem = byId("join-error")
  const button = form.querySelector("button")
  button.disabled = true
  problem.hidden = true
  try {
    await session.start(name)
  } catch (error) {
    problem.textContent = error.message
    problem.hidden = false
    nameInput.focus()
    return
  } finally {
    button.disabled = false
  }
  byId("me-name").textContent = session.name
  if (!byId("me-avatar").firstElementChild) { // no picture
    avatar(byId("me-avatar"), session.name)
  }
  byId("welcome").hidden = true
  byId("chat").hidden = false
  people.me = log.me = typing.me = session.name

  connection = new Connection(session, showStatus)
  connection.open()
  enter(rooms.current())
}

function signOut() {
  room?.leave()
  connection?.close()
  room = connection = null
  session.end()
  log.clear()
  people.show([])
  notice.hide()
  byId("chat").hidden = true
  byId("welcome").hidden = false
  nameInput.focus()
}

// --- rooms ---

function enter(name) {
  if (!connection) {
    return
  }
  room?.leave()
  notice.hide()
  log.clear()
  typing.clear()
  people.show([])
  rooms.show(name)
  composer.room(name)
  // A room that was left can still report something: only the current one is listened to.
  const mine = handler => (...args) => entered === room && handler(...args)
  const entered = new Room(connection.socket, name)
  room = entered
  room.onJoined = mine(({messages}) => {
    log.merge(messages ?? [])
    connection.proven()
    notice.hide()
    showStatus()
  })
  room.onRefused = mine(reply => {
    notice.show(explain(reply))
    showStatus()
  })
  room.onMessage = mine(message => {
    typing.stopped(message.user)
    log.add(message)
  })
  room.onTyping = mine(({user}) => typing.started(user))
  room.onPeople = mine(list => people.show(list))
  room.onInterrupted = mine(() => {
    typing.clear()
    showStatus()
  })
  room.join()
  showStatus()
  composer.focus()
}

// send gives the composer a promise: resolved when the server took the message.
async function send(body) {
  if (!room?.joined) {
    throw new Error(room?.refused ? explain(room.refused) : explain({reason: "offline"}))
  }
  const reply = await room.send(body)
  if (reply.status !== "ok") {
    throw new Error(explain(reply.response ?? {reason: reply.status}))
  }
  notice.hide()
}

// --- the status line ---

const words = {connecting: "Connecting…", connected: "Connected", reconnecting: "Reconnecting…"}

// "connected" means that a message can be sent: the connection is open and the room is joined.
function showStatus() {
  if (!connection) {
    return
  }
  let state = connection.state
  if (state === "connected" && room && !room.joined && !room.refused) {
    state = room.joinedOnce ? "reconnecting" : "connecting"
  }
  const status = byId("status")
  if (status.dataset.state !== state) {
    status.dataset.state = state
    byId("status-text").textContent = words[state]
  }
  status.title = `Over ${connection.transportName()}`
}
