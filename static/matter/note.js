// A source's or fact's own words beside the marker that names it. Without this script the marker leads to the list.

const note = document.getElementById("note")
const title = document.getElementById("note-title")
const words = document.getElementById("note-words")
const place = document.getElementById("note-place")
const GAP = 6 // pixels between marker and note
let named = null // the marker that was followed

document.addEventListener("click", (event) => {
  const marker = event.target.closest("#advice-text a.marker")
  if (!marker || event.ctrlKey || event.metaKey || event.shiftKey || !note.showPopover) return
  const shown = document.getElementById(decodeURIComponent(marker.hash.slice(1)))
  if (!shown) return
  event.preventDefault()
  named = marker
  fill(marker, shown)
  note.showPopover({ source: marker }) // behind the marker in the order of the Tab key; Esc leads back to it
  lieBeside(marker)
})

addEventListener("resize", () => {
  if (note.matches(":popover-open") && named.isConnected) lieBeside(named)
})

place.addEventListener("click", () => note.hidePopover())

function fill(marker, shown) {
  const heading = shown.closest("details")?.querySelector("summary") ?? shown.querySelector("dt")
  title.replaceChildren(...copied(heading ?? marker))
  words.replaceChildren(...copied(shown.matches(".passage") ? shown : (shown.querySelector("dd") ?? shown)))
  words.scrollTop = 0
  place.href = marker.hash
}

function copied(node) {
  const copy = node.cloneNode(true)
  for (const each of copy.querySelectorAll("[id]")) each.removeAttribute("id")
  return copy.childNodes
}

// Below the marker, or above it where there is more room; in the page, so that it goes along when that is scrolled.
function lieBeside(marker) {
  const at = marker.getBoundingClientRect()
  const own = note.getBoundingClientRect()
  const isAbove = at.bottom + GAP + own.height > innerHeight && at.top > innerHeight - at.bottom
  const left = Math.max(8, Math.min(at.left, document.documentElement.clientWidth - own.width - 8))
  note.style.left = `${left + scrollX}px`
  note.style.top = `${(isAbove ? at.top - GAP - own.height : at.bottom + GAP) + scrollY}px`
}
