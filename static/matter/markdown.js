// What streaming-markdown may put into the page: the same harmless tags as the server, web and mail links, no pictures.

import * as smd from "../vendor/streaming-markdown-0.2.15/smd.min.js"

const TAGS = new Map([
  [smd.PARAGRAPH, "p"], [smd.BLOCKQUOTE, "blockquote"], [smd.RULE, "hr"],
  [smd.LIST_UNORDERED, "ul"], [smd.LIST_ORDERED, "ol"], [smd.LIST_ITEM, "li"],
  [smd.ITALIC_AST, "em"], [smd.ITALIC_UND, "em"], [smd.STRONG_AST, "strong"], [smd.STRONG_UND, "strong"],
  [smd.STRIKE, "s"], [smd.CODE_INLINE, "code"], [smd.LINK, "a"], [smd.TABLE, "table"], [smd.TABLE_ROW, "tr"],
])
const HARMLESS = /^(https?:\/\/|mailto:)/i
const NAMES = /^[PF]\d{1,4}(?: ?[,;] ?[PF]\d{1,4})*$/

export function renderer(root) {
  const open = [root]
  const levels = []
  return {
    data: null,
    add_text(_, text) {
      for (const node of open) if (node.hidden) node.hidden = false
      open.at(-1).append(text)
    },
    set_attr: (_, name, value) => setAttribute(open.at(-1), name, value),
    add_token(_, token) {
      const node = create(token, open.at(-1), levels)
      parentOf(token, open.at(-1)).append(node)
      // The text of a code block goes into its inner element.
      open.push(token === smd.CODE_BLOCK || token === smd.CODE_FENCE ? node.appendChild(document.createElement("code")) : node)
    },
    end_token() {
      const node = open.pop()
      if (node.tagName === "A" && !node.href) withoutLink(node)
    },
  }
}

function create(token, parent, levels) {
  if (token >= smd.HEADING_1 && token <= smd.HEADING_6) {
    const heading = document.createElement(headingTag(token - smd.HEADING_1, levels))
    heading.hidden = true // until its words come: a heading without any is read out as one
    return heading
  }
  if (token === smd.CODE_BLOCK || token === smd.CODE_FENCE) return document.createElement("pre")
  if (token === smd.TABLE_CELL) return document.createElement(parent.parentElement?.tagName === "THEAD" ? "th" : "td")
  const node = document.createElement(TAGS.get(token) ?? "span")
  if (token === smd.LINE_BREAK) node.append("\n")
  if (token === smd.EQUATION_INLINE || token === smd.EQUATION_BLOCK) node.append("$")
  return node
}

// Below the page's own headings, none skipping a level: as the server does it.
function headingTag(level, levels) {
  while (levels.length && levels.at(-1) >= level) levels.pop()
  levels.push(level)
  return `h${Math.min(6, 2 + levels.length)}`
}

function parentOf(token, parent) {
  if (token !== smd.TABLE_ROW) return parent
  const part = parent.tHead ? "tbody" : "thead"
  return parent.querySelector(part) ?? parent.appendChild(document.createElement(part))
}

function setAttribute(node, name, value) {
  if (name === smd.START && /^\d{1,9}$/.test(value)) node.setAttribute("start", value)
  if (name !== smd.HREF || node.tagName !== "A") return
  if (HARMLESS.test(value)) {
    node.href = value
    node.rel = "noopener noreferrer nofollow"
  } else node.dataset.refused = value
}

// Brackets that are no link: a source's marker, or plain text.
function withoutLink(node) {
  if (node.dataset.refused !== undefined) node.replaceWith("[", ...node.childNodes, `](${node.dataset.refused})`)
  else if (NAMES.test(node.textContent)) node.replaceWith("[", ...node.textContent.split(/(?=[PF])|(?<=\d)(?=\D)/).map(marker), "]")
  else node.replaceWith("[", ...node.childNodes, "]")
}

function marker(part) {
  if (!/^[PF]\d+$/.test(part)) return part
  const target = `${part.startsWith("P") ? "source" : "fact"}-${part}`
  const node = document.createElement(document.getElementById(target) ? "a" : "span")
  node.className = "marker"
  if (node.tagName === "A") node.href = `#${target}`
  node.append(part)
  return node
}
