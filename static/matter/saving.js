// Several answers at once: one button for all cards that hold something.

const FORMS = ".card form:not(.offer):not([aria-busy])"

// `send(form, button)` sends one of them, and shows what comes of it.
export function offerSavingAll(send) {
  const section = document.getElementById("questions")
  const show = () => {
    const offer = document.getElementById("save-all")
    const count = filled().length
    offer.hidden = count < 2
    offer.querySelector("button").textContent = `Save all ${count} answers`
  }
  for (const type of ["input", "change"]) section.addEventListener(type, show)
  section.addEventListener("click", async (event) => {
    if (!event.target.closest("#save-all")) return
    for (const form of filled()) await send(form, form.querySelector("button:not([name])"))
    show()
  })
  return show
}

function filled() {
  return [...document.querySelectorAll(FORMS)].filter((form) => {
    const data = new FormData(form)
    return ["answer", "words"].some((name) => String(data.get(name) ?? "").trim())
  })
}
