// Calling whoever has gone to another tab: a sign in the title, and a notification where they asked for one.

const WORDS = {
  waiting: "Your answers are needed to continue.",
  advised: "The advice is ready.",
  failed: "A matter was stopped by an error.",
}
const title = document.title
const offer = document.getElementById("notify")
let before = stateNow()

// Asked for by a click alone, and only here: where a first question was sent before.
function offerNotifications() {
  const isPossible = "Notification" in window && Notification.permission === "default"
  offer.hidden = !isPossible || !document.getElementById("live").dataset.socket
}

offer.querySelector("button").addEventListener("click", async () => {
  await Notification.requestPermission()
  offerNotifications()
})

function stateNow() {
  const { status, open } = document.getElementById("live").dataset
  return Number(open) ? "waiting" : status
}

function sign(state, isNews) {
  if (state === "waiting") return `(${document.getElementById("live").dataset.open}) `
  if (!isNews) return ""
  return { advised: "✓ ", failed: "! " }[state] ?? ""
}

// To be called whenever the page shows something new.
export function callForAttention() {
  const state = stateNow()
  const isNews = state !== before
  before = state
  offerNotifications()
  if (isNews || state === "waiting") document.title = sign(state, isNews) + title
  if (isNews && document.hidden && WORDS[state]) notify(WORDS[state])
}

// Without a word of the matter: a notification may be read by whoever sees the screen.
function notify(words) {
  if (!("Notification" in window) || Notification.permission !== "granted") return
  const shown = new Notification("Matterstream", { body: words, tag: location.pathname, icon: document.querySelector("link[rel=icon]").href })
  shown.addEventListener("click", () => { window.focus(); shown.close() })
}
