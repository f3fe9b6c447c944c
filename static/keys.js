// Keys of every page: Ctrl+Enter sends what is being typed, "/" goes to the search or question, "?" lists the keys.

const dialog = document.getElementById("keys")
const offer = document.getElementById("keys-offer")
const TYPING = "input, textarea, select, [contenteditable]"
const PLACES = "[data-slash], .card form:not(.offer) :is(textarea, select, input:not([type=hidden]))"

offer.hidden = false
offer.querySelector("button").addEventListener("click", () => dialog.showModal())

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.altKey) return
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) return sendForm(event)
  if (event.ctrlKey || event.metaKey || dialog.open || event.target.matches(TYPING)) return
  if (event.key === "?") dialog.showModal()
  else if (event.key === "/") goToField(event)
})

// A form that asks which of several things is meant has no key of its own.
function sendForm(event) {
  const form = event.target.form
  const button = form?.querySelector("button:not([type=button])")
  if (!button || "choice" in form.dataset) return
  event.preventDefault()
  form.requestSubmit(button)
}

function goToField(event) {
  const field = [...document.querySelectorAll(PLACES)].find((place) => place.checkVisibility())
  if (!field) return
  event.preventDefault()
  field.focus()
}
