// How long it takes, counted in this window. The server says when it began; clocks may differ, so they are set once.

const SECOND = 1_000

export class Clock {
  constructor(now) {
    this.ahead = Date.parse(now) - Date.now() // of the server's clock
    setInterval(() => document.hidden || this.show(), SECOND)
    this.show()
  }

  show() {
    const shown = document.getElementById("elapsed")
    if (!shown) return
    const { began, changed, took } = shown.dataset
    const since = (time) => inWords(Date.now() + this.ahead - Date.parse(time))
    const text = took ? `Took ${took}` : `${since(began)} so far, ${since(changed)} at this stage`
    if (shown.textContent !== text) shown.textContent = text
  }
}

// Two units at most, as the server says it.
function inWords(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / SECOND))
  const counts = [[Math.floor(seconds / 86_400), "d"], [Math.floor(seconds / 3_600) % 24, "h"], [Math.floor(seconds / 60) % 60, "min"], [seconds % 60, "s"]]
  while (counts.length > 1 && !counts[0][0]) counts.shift()
  return counts.slice(0, 2).map(([count, unit]) => `${count} ${unit}`).join(" ")
}
