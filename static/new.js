// A new matter: how long the question is, examples without a reload, and one matter for two clicks.
const form = document.getElementById("new-matter")
const field = form.elements.question
const counter = document.getElementById("counter")

function count() {
  const longest = Number(field.dataset.longest)
  const length = [...field.value.trim()].length
  counter.textContent = length > longest ? `${(length - longest).toLocaleString("en")} too many.` : `${length.toLocaleString("en")} so far.`
  counter.classList.toggle("bad", length > longest)
}

field.addEventListener("input", count)
count()

for (const link of document.querySelectorAll("a[data-example]"))
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    field.value = link.dataset.example
    count()
    field.focus()
  })

form.addEventListener("submit", (event) => {
  if (form.dataset.sent) event.preventDefault()
  form.dataset.sent = "yes"
})
// Back from the next page, the browser may show this one as it was left.
window.addEventListener("pageshow", () => delete form.dataset.sent)
