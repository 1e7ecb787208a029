// What the page says to people.

export const LIMIT = 2000

// explain turns the reason of an error reply into a sentence.
export function explain({reason, detail} = {}) {
  switch (reason) {
    case "rate_limited":
      return "That was quick! Wait a moment, then send it again."
    case "too_long":
      return detail ? sentence(detail) : `A message holds at most ${LIMIT.toLocaleString("en")} characters.`
    case "unauthorized":
      return "This room is by invitation only. Somebody inside has to ask you in."
    case "overloaded":
      return "The server is very busy. Please try again in a moment."
    case "timeout":
      return "No answer came from the server. Your text is still here: try sending it again."
    case "offline":
      return "Not connected right now. Your text stays here until you are back."
    default:
      return detail ? sentence(detail) : "That did not work. Please try again."
  }
}

// sentence makes the server's terse words fit for the page: "the message is empty" → "The message is empty."
function sentence(words) {
  const text = String(words).trim()
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".")
}

// device is what the others see of this browser: "Firefox on Android".
export function device(agent = navigator.userAgent) {
  const first = pairs => pairs.find(([pattern]) => pattern.test(agent))?.[1]
  const browser = first([[/Edg/, "Edge"], [/OPR/, "Opera"], [/Firefox|FxiOS/, "Firefox"],
    [/Chrom|CriOS/, "Chrome"], [/Safari/, "Safari"]]) ?? "A browser"
  const system = first([[/Android/, "Android"], [/iPhone/, "iPhone"], [/iPad/, "iPad"],
    [/Windows/, "Windows"], [/Mac OS/, "Mac"], [/Linux/, "Linux"]])
  return system ? `${browser} on ${system}` : browser
}

const clock = new Intl.DateTimeFormat(undefined, {hour: "2-digit", minute: "2-digit"})
const date = new Intl.DateTimeFormat(undefined, {weekday: "long", day: "numeric", month: "long"})

export function timeOf(at) {
  return clock.format(at)
}

// dayOf names the day of a message: "Today", "Yesterday", or the date.
export function dayOf(at, now = new Date()) {
  const days = Math.round((midnight(now) - midnight(at)) / 86_400_000)
  return days === 0 ? "Today" : days === 1 ? "Yesterday" : date.format(at)
}

function midnight(at) {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime()
}
