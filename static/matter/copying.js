// Copying the advice: as rich text with its Markdown beside it, or as Markdown alone. The notice goes along.

if (navigator.clipboard?.write && window.ClipboardItem) document.documentElement.classList.add("copies")

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]")
  if (!button) return
  const said = document.getElementById("copied")
  try {
    // Promises, not texts: a browser that asks for the click itself would not let it be written after a wait.
    const item = { "text/plain": blob("text/plain", markdown()) }
    if (button.dataset.copy === "rich") item["text/html"] = blob("text/html", richText())
    await navigator.clipboard.write([new ClipboardItem(item)])
    said.textContent = "Copied."
  } catch {
    said.textContent = "This could not be copied. Select the text, or download one of the files."
  }
})

async function blob(type, text) {
  return new Blob([await text], { type })
}

async function markdown() {
  const response = await fetch(document.getElementById("advice-markdown").href)
  if (!response.ok) throw new Error(response.statusText)
  return [await response.text(), notice()].filter(Boolean).join("\n\n---\n\n")
}

function notice() {
  return document.querySelector("#advice-head .legal")?.textContent ?? ""
}

// Without the links that lead only within this page.
function richText() {
  const copy = document.getElementById("advice-text").cloneNode(true)
  for (const link of copy.querySelectorAll('a[href^="#"]')) link.replaceWith(link.textContent)
  for (const named of copy.querySelectorAll("[id]")) named.removeAttribute("id")
  const foot = document.createElement("p")
  foot.textContent = notice()
  copy.append(foot)
  return copy.innerHTML
}
