// What somebody typed and has not sent, when the part of the page it stands in is swapped or goes: it moves into the same
// input of what takes that place; the words of a card without one are kept in a notice.

const FIELDS = "select, textarea, input:not([type=hidden], [type=file])"

// To be called before `shown` goes; `fresh` is what takes its place, if anything does.
export function keepTyped(shown, fresh) {
  if (shown.querySelector("form[aria-busy]") || shown.matches("form[aria-busy]")) return // they are just sending it
  const lost = []
  for (const field of shown.querySelectorAll(FIELDS)) {
    if (!isTouched(field)) continue
    const same = fresh && counterpart(field, fresh)
    if (same) move(field, same)
    else lost.push(field.value)
  }
  if (lost.length && shown.matches(".card")) tell(shown, "", lost.join(" "))
}

// The same field of the same form, and of the same value where it is one of several to choose from.
export function counterpart(field, fresh) {
  if (!field.matches(FIELDS) || !field.form) return null
  const key = (each) => [each.form.getAttribute("action"), each.name, isBox(each) && each.value].join()
  return [...fresh.querySelectorAll(FIELDS)].find((each) => each.form && key(each) === key(field))
}

function isBox(field) {
  return field.type === "radio" || field.type === "checkbox"
}

function isTouched(field) {
  if (isBox(field)) return field.checked && !field.defaultChecked
  if (field.options) return field.selectedIndex !== Math.max(0, [...field.options].findIndex((option) => option.defaultSelected))
  return field.value.trim() && field.value !== field.defaultValue
}

function move(field, same) {
  if (isBox(field)) same.checked = true
  else same.value = field.value
  if (field.selectionStart != null) same.setSelectionRange(field.selectionStart, field.selectionEnd)
  const folded = same.closest("details")
  if (folded) folded.open = true
}

// Leaves a notice about the question of `card`, which is about to go: `what` is to be said, `words` were typed.
export function tell(card, what, words) {
  const notice = document.getElementById("kept-notice").content.firstElementChild.cloneNode(true)
  const isEnded = ["failed", "canceled"].includes(document.getElementById("live").dataset.status)
  notice.querySelector("strong").textContent = isEnded ? "No longer asked:" : "Answered in the meantime:"
  notice.querySelector("span").textContent = `${card.querySelector("h3").textContent} ${what}`
  if (words) notice.querySelector("textarea").value = words
  else notice.querySelector("label").remove()
  notice.querySelector("button").addEventListener("click", () => notice.remove())
  document.getElementById("kept").append(notice)
}
