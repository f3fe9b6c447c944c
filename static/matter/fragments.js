// Swapping the parts of the page that changed, and only those: nobody loses what they are typing, nor their place.

import { counterpart, keepTyped } from "./typed.js"

const REGIONS = ["live", "stage", "progress", "problem", "disputes", "questions", "documents", "answered", "advice-head", "advice-contents", "advice-text", "advice-files", "advice-actions", "advice-feedback", "advice-foot"]

// `html`: fragments, or a whole page that holds them. `acceptsText` decides about the advice's text, `adopted` is told.
export function applyFragments(html, acceptsText, adopted) {
  const parsed = new DOMParser().parseFromString(html, "text/html")
  if (isOlder(parsed)) return
  const keepPlace = holdPlace()
  for (const id of REGIONS) {
    const fresh = parsed.getElementById(id)
    const shown = document.getElementById(id)
    if (!fresh || !shown) continue
    if (id !== "advice-text") settle(shown, fresh)
    else if (acceptsText(fresh)) {
      replace(shown, fresh)
      adopted()
    }
  }
  keepPlace()
}

// The answer to a form may come behind what the socket brought of later events; it would put the page back, for good.
function isOlder(parsed) {
  const [fresh, shown] = [parsed, document].map((where) => Number(where.getElementById("live")?.dataset.number))
  return fresh < shown
}

function settle(shown, fresh) {
  if ("text" in fresh.dataset) settleText(shown, fresh)
  else if ("clock" in fresh.dataset) Object.assign(shown.dataset, fresh.dataset)
  else if ("list" in fresh.dataset) settleList(shown, fresh)
  else if (shown.dataset.state !== fresh.dataset.state) replace(shown, fresh)
}

// A live region is announced when its text changes, so the element itself stays.
function settleText(shown, fresh) {
  if (shown.textContent !== fresh.textContent) shown.textContent = fresh.textContent
}

function settleList(shown, fresh) {
  const wanted = [...fresh.children]
  const ids = new Set(wanted.map((child) => child.id))
  for (const child of [...shown.children]) if (!ids.has(child.id)) remove(child)
  let place = shown.firstElementChild
  for (const child of wanted) {
    const there = [...shown.children].find((candidate) => candidate.id === child.id)
    if (!there) shown.insertBefore(child, place)
    else {
      if (there !== place) shown.insertBefore(there, place)
      else place = place.nextElementSibling
      settle(there, child)
    }
  }
  shown.hidden = fresh.hidden
}

function replace(shown, fresh) {
  const focused = shown.contains(document.activeElement) ? document.activeElement : null
  for (const open of shown.querySelectorAll("details[id][open]")) {
    const same = fresh.querySelector(`#${CSS.escape(open.id)}`)
    if (same) same.open = true
  }
  keepTyped(shown, fresh)
  shown.replaceWith(fresh)
  if (focused) land(counterpart(focused, fresh) ?? ((focused.id && document.getElementById(focused.id)) || fresh))
}

function remove(child) {
  const next = child.nextElementSibling ?? child.previousElementSibling
  const hadFocus = child.contains(document.activeElement)
  keepTyped(child)
  child.remove()
  if (hadFocus && next) land(next)
}

// The focus moves only when what had it is gone; then it goes to what took its place, not to the page's top.
function land(element) {
  if (element.tabIndex < 0) element.tabIndex = -1
  element.focus({ preventScroll: true })
}

// What is being filled in or read stays where it is in the window, whatever grows or goes above it. Returns what to call
// when all is swapped.
function holdPlace() {
  const find = placeFinder()
  const before = find()?.getBoundingClientRect().top
  return () => {
    const after = find()?.getBoundingClientRect().top
    if (before !== undefined && after !== undefined && before !== after) scrollBy({ top: after - before, behavior: "instant" })
  }
}

// Finds the card that has the focus, else the paragraph of the advice at the window's top; where a new attempt has not
// come as far as the one that was read there, the advice. Nothing at the page's top.
function placeFinder() {
  const card = document.activeElement?.closest(".card")
  if (card) return () => document.getElementById(card.id)
  const text = () => document.getElementById("advice-text")
  const number = [...text().children].findIndex((paragraph) => paragraph.getBoundingClientRect().bottom > 0)
  const find = number < 0 ? text : () => text().children[number]
  const { top, bottom } = find().getBoundingClientRect()
  const isRead = scrollY > 0 && bottom > 0 && top < (number < 0 ? 0 : innerHeight)
  return () => (isRead ? find() : undefined)
}
