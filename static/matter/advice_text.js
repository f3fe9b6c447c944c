// The advice while it is written: deltas, counted in code points, appended as Markdown.
// When it stands, the server's own HTML takes its place.

import * as smd from "../vendor/streaming-markdown-0.2.15/smd.min.js"
import { renderer } from "./markdown.js"

export class AdviceText {
  // `grown` is called whenever there is more to be seen.
  constructor(grown) {
    this.grown = grown
    this.adopt()
    const source = document.getElementById("advice-source")
    if (this.status !== "streaming" || !source) return
    const text = JSON.parse(source.textContent)
    this.begin(this.version, this.attempt)
    this.append(text)
    this.flush()
  }

  get isWritten() {
    return this.element.ariaBusy === "true"
  }

  // Take over what the server has rendered.
  adopt() {
    this.element = document.getElementById("advice-text")
    const { version, attempt, status } = this.element.dataset
    Object.assign(this, { version: Number(version), attempt: Number(attempt), status, length: 0, waiting: "" })
  }

  // Whether a fragment shows something newer than the page does.
  accepts(fresh) {
    const { version, attempt, status, state } = fresh.dataset
    if (state === this.element.dataset.state || status === "streaming") return false
    return this.compare(Number(version), Number(attempt)) >= 0
  }

  // Take an event; false when text before it is missing.
  take(type, data) {
    const order = type.startsWith("advice.") ? this.compare(data.version, data.attempt) : -1
    if (type === "advice.started" && order > 0) this.begin(data.version, data.attempt)
    if (type === "advice.delta") return this.takeDelta(order, data)
    if (type === "advice.superseded" && order === 0) this.end("superseded")
    if (type === "advice.completed" && order === 0) this.end("streaming")
    return true
  }

  takeDelta(order, data) {
    if (order < 0 || (order === 0 && this.status !== "streaming")) return true // stands already, or was given up
    if (order > 0 || data.offset > this.length) return false
    const characters = [...data.text]
    const known = this.length - data.offset
    if (known < characters.length) this.append(known ? characters.slice(known).join("") : data.text, characters.length - known)
    return true
  }

  compare(version, attempt) {
    return version - this.version || attempt - this.attempt
  }

  begin(version, attempt) {
    const isSameWish = version === this.version
    Object.assign(this, { version, attempt, status: "streaming", length: 0, waiting: "", isFresh: true, isSameWish })
    this.element.ariaBusy = "true"
    Object.assign(this.element.dataset, { version, attempt, status: "streaming", state: `${version}.${attempt}.streaming` })
    delete this.write
    this.parser = smd.parser(renderer(this.element))
  }

  end(status) {
    this.flush()
    this.status = status
    this.element.ariaBusy = null
    this.element.classList.toggle("given-up", status === "superseded")
  }

  append(text, length = [...text].length) {
    this.length += length
    if (!this.waiting) document.hidden ? setTimeout(() => this.flush(), 50) : requestAnimationFrame(() => this.flush())
    this.waiting += text
  }

  // Write what has come since the last frame. The window follows only a reader who is at the text's end.
  flush() {
    if (!this.waiting) return
    const before = this.element.getBoundingClientRect()
    if (this.isFresh) this.clear(before.height)
    const follows = before.height > 0 && before.bottom > 0 && before.bottom <= innerHeight + 40
    this.write(this.waiting)
    this.waiting = ""
    const beyond = this.element.getBoundingClientRect().bottom + 24 - innerHeight
    if (follows && beyond > 0) scrollBy({ top: beyond, behavior: "instant" })
    this.grown()
  }

  // What was written before stays until the first words are there, and its height until an attempt at the same needs as
  // much. Who wished for another text is to see that begin.
  clear(height) {
    this.isFresh = false
    if (this.isSameWish && this.element.childNodes.length) this.element.style.minHeight = `${height}px`
    this.element.replaceChildren()
    this.element.className = "advice"
  }

  write(text) {
    try {
      smd.parser_write(this.parser, text)
    } catch (error) {
      // Markdown that the parser can't take is shown as it is; the server's HTML comes at the end.
      console.warn("the rest of the advice is shown as plain text until it is finished", error)
      this.write = (rest) => this.element.append(rest)
      this.write(text)
    }
  }
}
