// "Jump to latest": while the text grows below the window. The window itself follows only who is at the text's end.

const button = document.getElementById("jump")
const ROOM = 24 // pixels below the text

// Of the words: their box may still be as high as those of an attempt before.
function beyond() {
  const words = document.createRange()
  words.selectNodeContents(document.getElementById("advice-text"))
  return words.getBoundingClientRect().bottom + ROOM - innerHeight
}

export function offerJump() {
  const isWritten = document.getElementById("advice-text").ariaBusy === "true"
  button.hidden = !isWritten || beyond() < 3 * ROOM
}

// At once: a smooth way would end where the text's end was when it began.
button.addEventListener("click", () => scrollBy({ top: beyond(), behavior: "instant" }))
addEventListener("scroll", offerJump, { passive: true })
addEventListener("resize", offerJump, { passive: true })
