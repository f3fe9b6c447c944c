"""The PDF: accessible as far as can be looked at, whole, and deaf to what its words say."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advice.export.pdf import write_pdf
from tests.advice.export.documents import EVERYTHING, SCRIPTS, TYPST, document
from tests.advice.export.pdf_ua import read_pdf, squeezed, structure, text_of


def test_it_is_accessible_and_has_the_structure_of_the_text() -> None:
    reader = read_pdf(write_pdf(document(EVERYTHING)))
    kinds = structure(reader)
    assert {"H1", "H2", "H3", "P", "L", "LI", "Table", "TR", "TH", "TD", "Link", "BlockQuote", "Code"} <= set(kinds)
    assert kinds.count("TH") == 2 + 5, "the advice's table and the facts' have heads"
    assert kinds.count("Link") == 2
    assert reader.metadata is not None
    assert reader.metadata.title == "Advice: May we let our CTO go?"


def test_links_lead_where_they_did_and_pictures_nowhere() -> None:
    reader = read_pdf(
        write_pdf(document(EVERYTHING + "\n![a picture](https://evil.example/x.png) [j](javascript:alert(1))"))
    )
    links = [a.get_object()["/A"]["/URI"] for page in reader.pages for a in page.get("/Annots", [])]
    assert links == ["https://example.org/a?b=1#c", "mailto:a@example.org"]
    assert "apicture" in text_of(reader)


def test_question_advice_sources_facts_and_notice_are_shown_in_this_order() -> None:
    text = text_of(read_pdf(write_pdf(document("The advice.", warning="Incomplete. It is not whole."))))
    words = ["Incomplete. It is not whole.", "Not legal advice.", "May we let our CTO go?", "The advice.", "✓ 1 quoted"]
    words += ["P1 Final pay", "At once", "F1 Salary 185,000 USD 2026-01-01 founder", "P2 Notice", "Thirty days."]
    places = [text.find(squeezed(part), text.find(squeezed("Not legal"))) for part in words[1:]]
    assert squeezed(words[0]) in text
    assert -1 not in places
    assert places == sorted(places)


def test_what_looks_like_typst_is_shown_and_not_done() -> None:
    text = text_of(read_pdf(write_pdf(document(TYPST, question='#panic("question") $x$ \\ @y'))))
    for said in ('#panic("heading") $x$', '#panic("question") $x$ \\ @y', '#eval("1+1")', '#read("/etc/passwd")'):
        assert squeezed(said) in text
    for said in ('#panic("item")', '#panic("cell")', '#panic("code")', '#panic("block")', "<label>", "//no/*no*/"):
        assert squeezed(said) in text


def test_scripts_that_the_fonts_have_are_written_and_others_are_spelt_out() -> None:
    text = text_of(read_pdf(write_pdf(document(SCRIPTS))))
    for code in ("U+6F22", "U+5B57", "U+304B", "U+D55C", "U+1F44D", "U+1F3FD", "U+1F468"):
        assert f"[{code}]" in text, "a character without a glyph must be visible"
    assert "Ελλάδα" in text
    assert "Привет" in text
    assert text.count("\ufffd") >= 2, "what no format can hold is a replacement character"
    assert "end" in text


def test_a_mark_that_nobody_sees_costs_no_file() -> None:
    text = text_of(read_pdf(write_pdf(document("a\ufeffb", question="\ufeffMay we?"))))
    assert "QuestionMaywe?Adviceab" in text


def test_separators_of_lines_and_paragraphs_end_a_line() -> None:
    page = read_pdf(write_pdf(document("Done.\u2028✅ Sign it.\n\n```\nx\u2029y\n```"))).pages[0]
    lines = [squeezed(line) for line in page.extract_text().splitlines()]
    assert lines[lines.index("Done.") :][:4] == ["Done.", "[U+2705]Signit.", "x", "y"]


def test_what_isolates_a_code_is_spelt_out_nowhere() -> None:
    text = text_of(read_pdf(write_pdf(document("x", warning="Done.\u2028漢 ✅ it"))))
    assert "Done.[U+6F22][U+2705]it" in text
    assert "U+206" not in text


def test_lines_from_the_right_in_letters_that_no_font_has_are_spelt_out(capfd: pytest.CaptureFixture[str]) -> None:
    samaritan = [chr(letter) for letter in range(0x7EA, 0x860) if chr(letter).isprintable()]
    text = text_of(read_pdf(write_pdf(document(" ".join(["مرحبا", *samaritan, "שלום", "end"])))))
    assert "panicked" in capfd.readouterr().err, "typst sets this now: write_pdf need not care any more"
    for code in ("U+07EA", "U+0812", "U+0840"):
        assert f"[{code}]" in text
    assert "U+0645" not in text, "letters that the fonts have are written"
    assert "end" in text


def test_where_typst_panics_at_anything_else_all_but_ascii_is_spelt_out(capfd: pytest.CaptureFixture[str]) -> None:
    text = text_of(read_pdf(write_pdf(document("café\n\n\u2063  \n\u180b\u0301\u05e9\n\nend"))))
    assert capfd.readouterr().err.count("panicked") == 2, "typst sets this now: write_pdf need not care any more"
    assert "caf[U+00E9]" in text
    assert "[U+05E9]end" in text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("#\n\n-\n\n>\n\n|a|\n|-|\n|  |", id="empty parts"),
        pytest.param("> " * 40 + "deep", id="quotes in quotes"),
        pytest.param("".join("  " * n + f"- ~~[**_x{n}_**](http://a.b)~~\n" for n in range(30)) + "deep", id="lists"),
        pytest.param("".join("> " * 9 + row + "\n" for row in ("|a|", "|-|", "|deep|")), id="a table in quotes"),
        pytest.param("|a" * 40 + "|\n" + "|-" * 40 + "|\n" + "|deep" * 40 + "|", id="a wide table"),
        pytest.param("- " + "w" * 5_000 + " deep", id="a word longer than a page"),
        pytest.param("999999999. deep\n\n0. x", id="large numbers"),
        pytest.param("###### deep\n\n# b\n\n### c\n\n> # d", id="headings of all levels"),
        pytest.param("**[a ~~b~~ `c`](http://x.example) ~~deep~~**", id="styles in styles"),
    ],
)  # fmt: skip
def test_odd_texts_are_set_whole(text: str) -> None:
    found = text_of(read_pdf(write_pdf(document(text))))
    assert not text.count("deep") or "deep" in found


@settings(max_examples=15, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300))
def test_whatever_is_written_becomes_a_pdf(text: str) -> None:
    assert write_pdf(document(text, question=text)).startswith(b"%PDF-1.")


def test_the_same_advice_is_the_same_file() -> None:
    assert write_pdf(document(EVERYTHING)) == write_pdf(document(EVERYTHING))


def test_every_font_is_one_of_those_inside_the_package() -> None:
    content = write_pdf(document(SCRIPTS + EVERYTHING))
    fonts: set[str] = {
        str(font.get_object()["/BaseFont"])
        for page in read_pdf(content).pages
        for font in page["/Resources"]["/Font"].values()  # type: ignore[index]
    }
    assert fonts
    assert all(re.search("Libertinus|NewCM|DejaVu", name) for name in fonts), fonts
