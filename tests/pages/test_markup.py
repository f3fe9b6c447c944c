"""Advice as HTML: the model's words whole, and nothing that could do harm."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from advice.markup import TAGS, advice_html, advice_tokens, cited_and_others
from advice.models import Check

SOURCES = [{"marker": "P1", "heading": 'Final "pay" <b>'}, {"marker": "P12", "heading": "Notice"}]
FACTS = [{"marker": "F7", "label": "Work state"}]


class Found(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def found(text: str, checks: list[Check] | None = None) -> Found:
    return Found(advice_html(text, SOURCES, FACTS, checks or []))


def test_markers_become_links_to_their_source_or_fact() -> None:
    html = advice_html("Pay [P1]. She lives there [F7]. Both: [P1, F7].", SOURCES, FACTS)
    assert html.count('href="#source-P1"') == 2
    assert html.count('href="#fact-F7"') == 2
    assert Found(html).text.strip() == "Pay [P1]. She lives there [F7]. Both: [P1, F7].", "the text is never edited"


def test_a_marker_that_was_never_given_is_no_link() -> None:
    assert not [attrs for tag, attrs in found("Invented [P99].").tags if tag == "a"]


def test_a_line_that_looks_like_a_reference_does_not_vanish() -> None:
    assert found("[P1]: the playbook\n\nPay [P1].").text.split() == ["[P1]:", "the", "playbook", "Pay", "[P1]."]


def test_a_marker_inside_a_link_does_not_nest_links() -> None:
    text = "[see [P1] there](https://example.com)"
    assert [attrs["href"] for tag, attrs in found(text).tags if tag == "a"] == ["#source-P1"]
    assert found(text).text.strip() == text


def test_markers_in_code_stay_as_they_are() -> None:
    assert "<code>[P1]</code>" in advice_html("`[P1]`", SOURCES, FACTS)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("exact", "quoted word for word"),
        ("repaired", "quoted, but for punctuation"),
        ("supported", "similar words"),
        ("unsupported", "not supported"),
    ],
)
def test_a_check_stands_in_words_behind_its_claim(verdict: str, words: str) -> None:
    text = "Pay at once [P1]. Then rest."
    html = advice_html(text, SOURCES, FACTS, [Check(start=0, end=16, verdict=verdict, reason="<i>Because</i>")])
    assert re.sub(r"\s+", " ", Found(html).text).startswith("Pay at once [P1] ")
    assert words in Found(html).text
    assert Found(html).text.index(words) < Found(html).text.index(". Then rest")
    assert "<i>" not in html


def test_checks_are_placed_by_code_points_not_by_bytes() -> None:
    text = "𝕊𝕊 ä [P1] end"
    assert "[P1] ✗" in found(text, [Check(start=0, end=9, verdict="unsupported")]).text


def test_a_check_inside_code_leaves_no_trace_there() -> None:
    text = "```\nsee [P1]\n```"
    assert found(text, [Check(start=4, end=12, verdict="exact")]).text.strip() == "see [P1]"


def test_headings_follow_the_pages_own_and_skip_no_level() -> None:
    tags = [tag for tag, _ in found("# One\n\n#### Deep\n\n## Two\n\n###### Deeper\n\n# Three").tags if tag[0] == "h"]
    assert tags == ["h3", "h4", "h4", "h5", "h3"]


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](https://evil.example/x.png)",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](//evil.example/)",
        "[x](/accounts/logout/)",
        "<javascript:alert(1)>",
        '<a href="javascript:alert(1)">x</a>',
        "<svg/onload=alert(1)>",
        '<iframe src="https://evil.example">',
        "<style>*{display:none}</style>",
        "[x](https://good.example/ \"' onmouseover=alert(1) '\")",
        "```html\n<script>alert(1)</script>\n```",
    ],
)
def test_an_attack_comes_out_as_text(attack: str) -> None:
    assert_harmless(f"Before {attack} after [P1]\n\n{attack}")


@given(st.text())
def test_any_text_is_harmless(text: str) -> None:
    assert_harmless(text)


PIECES = (
    *("# ", "> ", "- ", "1. ", "```\n", "`", "*", "**", "_", "[", "]", "(", ")", "|", "---", "!", "\\", "    "),
    *("[P1]", "[F7, P2]", "[P99]", "\ue000", "[\ue0000]", "\n", "\n\n", "\r", "\x00", "x", '"', "'", "<", ">", "&"),
    *("&#x3c;script&#x3e;", "<script>", "javascript:", "https://a.b"),
)
MARKDOWN = st.lists(st.sampled_from(PIECES))


@given(MARKDOWN.map("".join), st.lists(st.tuples(st.integers(0, 80), st.sampled_from(["exact", "unsupported", "new"]))))
def test_any_markdown_with_any_checks_is_harmless(text: str, ends: list[tuple[int, str]]) -> None:
    checks = [Check(start=0, end=min(end, len(text)), verdict=verdict, reason=text) for end, verdict in ends]
    assert_harmless(text, checks)


def assert_harmless(text: str, checks: list[Check] | None = None) -> None:
    for tag, attributes in found(text, checks).tags:
        assert tag in TAGS, f"{tag} is not allowed"
        assert set(attributes) <= {"href", "title", "class", "rel", "start", "id"}, attributes
        assert re.fullmatch(r"part-[0-9]+", attributes.get("id") or "part-1"), attributes
        href = attributes.get("href") or "#source-P1"
        assert re.match(r"https?://|mailto:|#(source|fact)-[PF]\d+$", href, re.IGNORECASE), href
        if "href" in attributes:
            assert attributes["rel"] == "noopener noreferrer nofollow"


@pytest.mark.parametrize("text", ["> " * 40 + "last", "".join("  " * n + f"- {n}\n" for n in range(30)) + "last"])
def test_what_is_nested_deep_does_not_vanish(text: str) -> None:
    words = re.findall(r"\w+", text)
    assert re.findall(r"\w+", found(text).text) == words
    inside = [child.content for token in advice_tokens(text) for child in token.children or ()]
    assert re.findall(r"\w+", " ".join(inside)) == words


def test_a_long_advice_is_rendered_whole() -> None:
    text = "Pay at once [P1]. " * 6_000
    assert found(text).text.strip() == text.strip()


def test_the_cited_sources_are_those_that_the_text_marks() -> None:
    sources = [{"marker": name} for name in ("P1", "P2", "P3", "F7")]
    cited, others = cited_and_others(sources, "a [P1] b [F7; P2] c [Q1] d P3")
    assert cited == [{"marker": "P1"}, {"marker": "P2"}, {"marker": "F7"}]
    assert others == [{"marker": "P3"}], "a name without brackets marks nothing"
