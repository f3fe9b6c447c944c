"""From the model's Markdown to HTML that may be shown: its text whole, nothing in it but a few harmless tags.

`[P3]` and `[F7]` become links to the source or fact of that name; behind them stands what the check of the sources
found. HTML in the text is shown as text, pictures are not loaded, links lead to web and mail addresses only.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

import nh3
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from advice.models import Check

TAGS = {
    "p",
    "br",
    "hr",
    "h3",
    "h4",
    "h5",
    "h6",
    "ul",
    "ol",
    "li",
    "blockquote",
    "pre",
    "code",
    "em",
    "strong",
    "s",
    "a",
}
TAGS |= {"span", "table", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES = {"a": {"href", "title"}, "span": {"title"}, "ol": {"start"}}
ATTRIBUTES |= {heading: {"id"} for heading in ("h3", "h4", "h5", "h6")}
CLASSES = {"a": {"marker"}, "span": {"marker", "check", "good", "weak", "bad", "said"}}
TOP_HEADING = 3  # the page's own headings are h1 and h2
DEEPEST = 12  # levels of lists and quotes; what is nested deeper is text of the last one

# verdict: class, sign, words. The words say no more than what `workers.steps.check_sources` looked at.
VERDICTS = {
    "exact": ("good", "✓", "quoted word for word"),
    "repaired": ("good", "✓", "quoted, but for punctuation"),
    "supported": ("weak", "≈", "similar words"),
    "unsupported": ("bad", "✗", "not supported"),
}

_MARKER = re.compile(r"\[[PF][0-9]{1,4}(?: ?[,;] ?[PF][0-9]{1,4})*\](?!\()")
_NAME = re.compile(r"[PF][0-9]{1,4}")
_PRIVATE_USE = range(0xE000, 0xF900)  # code points that no standard gives a meaning
_MARK = re.compile("\\[([\ue000-\uf8ff])([0-9]+)\\]")


def advice_html(
    text: str,
    sources: Sequence[dict[str, Any]] = (),
    facts: Sequence[dict[str, Any]] = (),
    checks: Iterable[Check] = (),
) -> SafeString:
    """The HTML of `text`. `sources` and `facts` are those of its attempt, `checks` what was found about it."""
    titles = {s["marker"]: s.get("heading") or "" for s in sources} | {f["marker"]: f.get("label") or "" for f in facts}
    found = list(checks)
    marked, sign = _mark_checks(text, found)
    html = _markdown().render(marked, {"titles": titles, "checks": found, "sign": sign, "ids": True})
    if sign:
        html = re.sub(rf"\[{sign}[0-9]+\]", "", html)  # in code a mark stays what it is: text that nobody wrote
    return _clean(html)


def advice_tokens(text: str, checks: Sequence[Check] = ()) -> list[Token]:
    """The same text as tokens, for what is not HTML. The token `check` has its `checks` as `meta["check"]`."""
    found = list(checks)
    marked, sign = _mark_checks(text, found)
    tokens = _markdown().parse(marked, {"titles": {}, "checks": found, "sign": sign})
    inside = [child for token in tokens for child in token.children or ()]
    for token in [*tokens, *inside]:
        if token.type == "check":
            token.meta["check"] = _check_of(token, found)
        elif sign:
            token.content = re.sub(rf"\[{sign}[0-9]+\]", "", token.content)
    return tokens


def contents_of(text: str) -> list[tuple[str, int, str]]:
    """Of each heading in the HTML of `text`: its id, how deep it lies (0, 1, …), and its words without markers."""
    tokens = _markdown().parse(text, {"titles": {}, "checks": [], "sign": "", "ids": True})
    found = []
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            words = "".join(part.content for part in inline.children or () if part.type in ("text", "code_inline"))
            depth = int(opening.tag[1]) - TOP_HEADING
            found.append((str(opening.attrGet("id")), depth, " ".join(words.split())))
    return [entry for entry in found if entry[2]]


def source_html(text: str) -> SafeString:
    """The HTML of a playbook's section."""
    return _clean(_markdown().render(text, {"titles": {}, "checks": [], "sign": ""}))


def cited_and_others(sources: Sequence[dict[str, Any]], text: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The sources of an attempt that `text` refers to, and the others, each in their order."""
    cited = {name for group in _MARKER.findall(text) for name in _NAME.findall(group)}
    return [s for s in sources if s["marker"] in cited], [s for s in sources if s["marker"] not in cited]


def verdicts_of(checks: Iterable[Check]) -> list[tuple[str, str, str, int]]:
    """Class, sign, words and count of every verdict that was given."""
    counts = Counter(check.verdict for check in checks)
    return [(*shown, counts[verdict]) for verdict, shown in VERDICTS.items() if counts[verdict]]


def _clean(html: str) -> SafeString:
    cleaned = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        allowed_classes=CLASSES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(cleaned)  # noqa: S308 - nh3 has just made it so


def _mark_checks(text: str, checks: list[Check]) -> tuple[str, str]:
    """`text` with a mark where each check ends, and the character, new to the text, that the marks are made with."""
    sign = next((chr(code) for code in _PRIVATE_USE if chr(code) not in text), "")
    if not sign:
        return text, ""
    parts, done = [], 0
    for n, check in sorted(enumerate(checks), key=lambda pair: pair[1].end):
        parts += [text[done : check.end], f"[{sign}{n}]"]
        done = max(done, check.end)
    return "".join([*parts, text[done:]]), sign


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    # `reference`: a line "[P3]: …" is text here, and must not vanish. `lheading`: a rule under a line is a rule.
    parser.disable(["html_block", "html_inline", "reference", "lheading", "entity"])
    parser.validateLink = _is_harmless  # type: ignore[method-assign]
    parser.block.ruler.before("table", "too_deep", _read_too_deep)
    parser.inline.ruler.before("link", "marker", _read_marker)
    parser.inline.ruler.before("marker", "check", _read_check)
    parser.core.ruler.push("headings", _settle_headings)
    parser.add_render_rule("marker", _render_marker)
    parser.add_render_rule("check", _render_check)
    parser.add_render_rule("image", _render_image)
    return parser


def _is_harmless(url: str) -> bool:
    return re.match(r"(?i)(https?://|mailto:)", url) is not None


def _read_too_deep(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """What is nested too deep is one paragraph: markdown-it would leave it out."""
    if state.level < DEEPEST or silent:
        return False
    words = state.getLines(start_line, end_line, state.blkIndent, False).strip()
    if not words:
        return False
    state.push("paragraph_open", "p", 1)
    inline = state.push("inline", "", 0)
    inline.content, inline.children, inline.map = words, [], [start_line, end_line]
    state.push("paragraph_close", "p", -1)
    state.line = end_line
    return True


def _read_marker(state: StateInline, silent: bool) -> bool:
    return _read(state, silent, "marker", _MARKER.match)


def _read_check(state: StateInline, silent: bool) -> bool:
    if not state.env["sign"] or not state.src.startswith(state.env["sign"], state.pos + 1):
        return False
    return _read(state, silent, "check", _MARK.match)


def _read(state: StateInline, silent: bool, kind: str, match_at: Callable[[str, int], re.Match[str] | None]) -> bool:
    found = match_at(state.src, state.pos)
    if found is None or found.end() > state.posMax:
        return False
    if not silent:
        state.push(kind, "", 0).content = found[0]
    state.pos = found.end()
    return True


def _render_marker(
    self: RendererHTML, tokens: Sequence[Token], place: int, options: OptionsDict, env: EnvType
) -> SafeString:
    """The names as links, with whatever stood between them."""
    token, parts, done = tokens[place], [], 0
    for name in _NAME.finditer(token.content):
        parts += [conditional_escape(token.content[done : name.start()]), _link(name[0], env)]
        done = name.end()
    return format_html_join("", "{}", ((part,) for part in [*parts, token.content[done:]]))


def _link(name: str, env: EnvType) -> SafeString:
    if name not in env["titles"]:
        return format_html('<span class="marker">{}</span>', name)
    kind = "source" if name.startswith("P") else "fact"
    return format_html('<a class="marker" href="#{}-{}" title="{}">{}</a>', kind, name, env["titles"][name], name)


def _render_check(
    self: RendererHTML, tokens: Sequence[Token], place: int, options: OptionsDict, env: EnvType
) -> SafeString | str:
    check = _check_of(tokens[place], env["checks"])
    if check is None:
        return ""
    style, sign, words = VERDICTS.get(check.verdict, ("weak", "?", check.verdict))
    form = ' <span class="check {}" title="{}: {}">{} <span class="said">{}</span></span>'
    return format_html(form, style, words.capitalize(), check.reason, sign, words)


def _check_of(token: Token, checks: Sequence[Check]) -> Check | None:
    """The check that a mark stands for; None for what only looks like one."""
    found = _MARK.fullmatch(token.content)
    number = int(found[2]) if found else -1
    return checks[number] if 0 <= number < len(checks) else None


def _render_image(
    self: RendererHTML, tokens: Sequence[Token], place: int, options: OptionsDict, env: EnvType
) -> SafeString:
    """What the picture would show, in words: nothing is loaded from anywhere."""
    return conditional_escape(tokens[place].content)


def _settle_headings(state: StateCore) -> None:
    """Headings below the page's own, none skipping a level; an advice's have ids for the list of contents."""
    above: list[int] = []
    count = 0
    for token in state.tokens:
        if token.type == "heading_open":
            level = int(token.tag[1])
            while above and above[-1] >= level:
                above.pop()
            above.append(level)
            count += 1
            if state.env.get("ids"):
                token.attrSet("id", f"part-{count}")
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, TOP_HEADING + len(above) - 1)}"
