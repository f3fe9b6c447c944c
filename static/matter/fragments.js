// Swapping the parts of the page that changed, and only those: nobody loses what they are typing, nor their place.

const REGIONS = ["stage", "progress", "problem", "questions", "answered", "advice-head", "advice-text", "advice-foot", "live"]

// `html`: fragments, or a whole page that holds them. `acceptsText` decides about the advice's text, `adopted` is told.
export function applyFragments(html, acceptsText, adopted) {
  const parsed = new DOMParser().parseFromString(html, "text/html")
  for (const id of REGIONS) {
    const fresh = parsed.getElementById(id)
    const shown = document.getElementById(id)
    if (!fresh || !shown) continue
    if (id !== "advice-text") settle(shown, fresh)
    else if (acceptsText(fresh)) {
      keepingPlace(shown, () => replace(shown, fresh))
      adopted()
    }
  }
}

function settle(shown, fresh) {
  if ("text" in fresh.dataset) settleText(shown, fresh)
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
  shown.replaceWith(fresh)
  if (focused) land((focused.id && document.getElementById(focused.id)) || fresh)
}

function remove(child) {
  const next = child.nextElementSibling ?? child.previousElementSibling
  const hadFocus = child.contains(document.activeElement)
  child.remove()
  if (hadFocus && next) land(next)
}

// The focus moves only when what had it is gone; then it goes to what took its place, not to the page's top.
function land(element) {
  if (element.tabIndex < 0) element.tabIndex = -1
  element.focus({ preventScroll: true })
}

// What is being read stays where it is: the paragraph at the window's top keeps its height above or below it.
function keepingPlace(shown, change) {
  const paragraphs = [...shown.children]
  const number = paragraphs.findIndex((paragraph) => paragraph.getBoundingClientRect().bottom > 0)
  const top = paragraphs[number]?.getBoundingClientRect().top
  change()
  const same = document.getElementById(shown.id).children[number]
  if (same && top < 0) scrollBy({ top: same.getBoundingClientRect().top - top, behavior: "instant" })
}
