// "Jump to latest": while the text grows below the window. The window itself follows only who is at the text's end.

const button = document.getElementById("jump")
const ROOM = 24 // pixels below the text
const calm = matchMedia("(prefers-reduced-motion: reduce)")

function beyond() {
  return document.getElementById("advice-text").getBoundingClientRect().bottom + ROOM - innerHeight
}

export function offerJump() {
  const isWritten = document.getElementById("advice-text").ariaBusy === "true"
  button.hidden = !isWritten || beyond() < 3 * ROOM
}

button.addEventListener("click", () => scrollBy({ top: beyond(), behavior: calm.matches ? "instant" : "smooth" }))
addEventListener("scroll", offerJump, { passive: true })
addEventListener("resize", offerJump, { passive: true })
