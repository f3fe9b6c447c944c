// A text that is being written and has not grown for a while: whoever wrote it may be gone, and is replaced by itself.

const LONG = 15_000 // milliseconds
const notice = document.getElementById("silence")
let timer = 0

// To be called whenever something has come.
export function awaitMore(isWritten) {
  clearTimeout(timer)
  notice.hidden = true
  if (isWritten) timer = setTimeout(() => { notice.hidden = false }, LONG)
}
