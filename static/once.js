// What is shown once has a button that copies it, where the browser can.

for (const button of document.querySelectorAll("[data-copies]")) {
  const shown = document.getElementById(button.dataset.copies)
  shown.addEventListener("focus", () => shown.select())
  if (!navigator.clipboard) continue
  button.hidden = false
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(shown.value)
      button.textContent = "Copied"
    } catch {
      shown.focus()
    }
  })
}
