// The page of a matter, live: events and fragments over one WebSocket, forms without a reload.
// Without this script every form works and a refresh shows the present state.

import { AdviceText } from "./matter/advice_text.js"
import { callForAttention } from "./matter/attention.js"
import { Clock } from "./matter/clock.js"
import { applyFragments } from "./matter/fragments.js"
import { offerJump } from "./matter/latest.js"
import { offerSavingAll } from "./matter/saving.js"
import { awaitMore } from "./matter/silence.js"
import { keepTyped, tell } from "./matter/typed.js"

const LONGEST_PAUSE = 15_000 // milliseconds between two tries to connect
const OFTEN = 5_000 // milliseconds between two looks of whoever comes back
const NO_READER = 4401 // signed out, or no member any more
const PLEASE_SIGN_IN = "You are signed out. Sign in again in another tab, then come back: what you typed is still here."
const NOT_THERE = "This matter is no longer there, or it belongs to a company you are not viewing now."

const root = document.getElementById("matter")
const banner = document.getElementById("connection")
const advice = new AdviceText(offerJump)
const clock = new Clock(root.dataset.now)
const offerToSave = offerSavingAll(send)

let cursor = root.dataset.cursor // the newest event that has come; its fragments come behind it
let socket = null
let failures = 0
let timer = 0
let looked = Date.now()
let returning = 0

function say(message) {
  banner.textContent = message
  banner.hidden = !message
}

function show(html) {
  applyFragments(html, (fresh) => advice.accepts(fresh), () => advice.adopt())
  clock.show()
  callForAttention()
  offerJump()
  offerToSave()
}

// The stream. A finished matter names no address, so none is opened.

function connect() {
  clearTimeout(timer)
  const path = document.getElementById("live").dataset.socket
  if (!path || socket) return
  const url = new URL(path, location.href)
  url.protocol = url.protocol.replace("http", "ws")
  url.search = new URLSearchParams({ after: cursor, html: "1" })
  socket = new WebSocket(url)
  socket.addEventListener("open", () => { failures = 0; say(""); awaitMore(advice.isWritten) })
  socket.addEventListener("message", ({ data }) => {
    data.startsWith("{") ? take(JSON.parse(data)) : show(data)
    awaitMore(advice.isWritten)
  })
  socket.addEventListener("close", (event) => { socket = null; awaitMore(false); afterClose(event.code) })
}

function take(event) {
  const fits = advice.take(event.type, event.data)
  if (fits) cursor = event.id
  else socket.close() // text is missing: ask again from where the page stands
}

async function afterClose(code) {
  if (code === 1000 || code === NO_READER) {
    // The end, unless the page says that the matter goes on: then somebody has just begun it anew, or may not read it.
    if (document.getElementById("live").dataset.socket) timer = setTimeout(lookAgain, 1000)
    return
  }
  say("Connection lost. Reconnecting… Your answer is safe.")
  const pause = Math.min(LONGEST_PAUSE, 500 * 2 ** failures++) * (0.5 + Math.random() / 2)
  timer = setTimeout(lookAgain, pause)
}

// A connection that broke may have brought an event, and not the fragments behind it. A refused handshake doesn't say why,
// nor does NO_READER; the page's own address does. Without its `?version=`: that was the newest when the page was opened,
// and may be an earlier one by now.
async function lookAgain() {
  looked = Date.now()
  const shown = document.getElementById("live").dataset.stamp
  try {
    const response = await fetch(location.pathname, { headers: { "X-Requested-With": "fetch", "If-None-Match": `"${shown}"` } })
    if (response.status === 403) return say(whyRefused(await response.text()))
    if (response.status === 404) return say(NOT_THERE)
    if (response.ok) {
      const html = await response.text()
      if (!html.includes('<div id="live"')) return location.reload() // its content was removed
      show(html)
    }
    if (!document.getElementById("live").dataset.socket) say("")
  } catch {
    // no network yet: connecting will tell
  }
  connect()
}

// In the server's words; it has none, but a page, for a token of another session.
function whyRefused(body) {
  return isPage(body) ? PLEASE_SIGN_IN : body
}

function isPage(body) {
  return body.trim().startsWith("<")
}

// Forms: sent by fetch; the answer is fragments, or one line that says what is wrong.

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-live]")) return
  event.preventDefault()
  send(event.target, event.submitter)
})

async function send(form, button) {
  if (form.ariaBusy) return
  form.ariaBusy = "true"
  button?.setAttribute("aria-busy", "true")
  const { error, again, isLate } = await trySending(form, button)
  form.ariaBusy = null
  button?.removeAttribute("aria-busy")
  const place = form.querySelector("[role=alert]")
  place.textContent = error
  place.hidden = !error
  if (error && !form.isConnected) keepTyped(form.closest(".card") ?? form) // somebody was quicker, and nobody sees this place
  if (isLate && form.closest(".dispute")) tell(form.closest(".card"), error) // what is settled goes, and this place with it
  if (again) place.append(" ", retryButton(form, button))
}

// What may go by itself can be tried again in the same place.
function retryButton(form, button) {
  const retry = document.createElement("button")
  Object.assign(retry, { type: "button", className: "plain", textContent: "Try again" })
  retry.addEventListener("click", () => send(form, button))
  return retry
}

// Whoever has signed in again, in another tab, has a new one.
function token() {
  return /(?:^|; )csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? root.dataset.token
}

// `error`: what is wrong, in words; empty when it was done. `again`: it may be tried again as it is. `isLate`: things have
// changed meanwhile. The form keeps what was typed.
async function trySending(form, button) {
  const given = new FormData(form, button)
  given.delete("csrfmiddlewaretoken") // of the page as it was made; it would go before the header's
  try {
    const response = await fetch(form.action, {
      method: "POST",
      body: form.enctype === "multipart/form-data" ? given : new URLSearchParams(given),
      headers: { "X-Requested-With": "fetch", "X-CSRFToken": token() },
    })
    const body = await response.text()
    if (response.ok) {
      show(body)
      connect()
      return { error: "" }
    }
    if (response.status === 403) return { error: whyRefused(body), again: true }
    if (response.status === 404 && isPage(body)) return { error: NOT_THERE }
    const again = response.status >= 500
    if ([400, 404, 409, 413, 503].includes(response.status) && !isPage(body)) return { error: body, again, isLate: response.status === 409 }
    return { error: `The server could not accept this. What you typed is still here.${reference(response)}`, again: true }
  } catch {
    return { error: "There is no connection, so this was not sent. What you typed is still here.", again: true }
  }
}

// What staff find the request by, in the server's log.
function reference(response) {
  const id = response.headers.get("X-Request-ID")
  return ` Reference: ${response.status}${id ? `, ${id.slice(0, 8)}` : ""}.`
}

// Of an ended matter nothing comes by itself, and a reviewer's decision is no event: whoever comes back looks.
function comeBack() {
  if (document.hidden) return
  connect()
  clearTimeout(returning)
  returning = setTimeout(lookAgain, Math.max(0, looked + OFTEN - Date.now()))
}

document.addEventListener("visibilitychange", comeBack)
addEventListener("focus", comeBack)
addEventListener("online", lookAgain)
callForAttention()
offerJump()
connect()
