"""The Word file: what Word calls headings, lists, tables and links, and every character."""

import io
import re
from typing import Any

import docx
import pytest
from docx.oxml.ns import qn

from advice.export.docx import write_docx
from tests.advice.export.documents import EVERYTHING, SCRIPTS, TYPST, document


def read(content: bytes) -> Any:
    return docx.Document(io.BytesIO(content))


def styles_of(file: Any) -> dict[str, str]:
    return {paragraph.text: paragraph.style.name for paragraph in file.paragraphs}


def all_text(file: Any) -> str:
    return "".join(node.text or "" for node in file.element.body.iter(qn("w:t")))


def test_headings_lists_and_tables_are_words_own() -> None:
    file = read(write_docx(document(EVERYTHING)))
    styles = styles_of(file)
    assert styles["Advice: May we let our CTO go?"] == "Title"
    assert styles["Question"] == styles["Advice"] == styles["Sources"] == "Heading 1"
    assert (styles["First"], styles["Second"]) == ("Heading 2", "Heading 3")
    assert (styles["one"], styles["two"], styles["seven"]) == ("List Bullet", "List Bullet 2", "List Number")
    advice, facts = file.tables
    assert [[cell.text for cell in row.cells] for row in advice.rows] == [["State", "Days"], ["CA", "30"], ["NY", ""]]
    assert [cell.text for cell in facts.rows[1].cells] == ["F1", "Salary", "185,000 USD", "2026-01-01", "founder"]
    assert all(table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None for table in file.tables)


def test_a_numbered_list_begins_with_its_own_number() -> None:
    file = read(write_docx(document("7. a\n8. b\n\ntext\n\n1. c\n2. d")))
    numbers = {p.text: p._p.pPr.numPr.numId.val for p in file.paragraphs if p.style.name == "List Number"}
    assert numbers["a"] == numbers["b"] != numbers["c"] == numbers["d"]
    starts = {
        num.numId: num.xpath("w:lvlOverride/w:startOverride/@w:val") for num in file.part.numbering_part.element.num_lst
    }
    assert (starts[numbers["a"]], starts[numbers["c"]]) == (["7"], ["1"])


def test_it_has_title_language_and_links() -> None:
    file = read(write_docx(document(EVERYTHING)))
    properties = file.core_properties
    assert (properties.title, properties.language) == ("Advice: May we let our CTO go?", "en-US")
    assert properties.created.year == 2025
    assert 'w:lang w:val="en-US"' in file.styles.element.xml
    targets = {r.target_ref for r in file.part.rels.values() if r.is_external}
    assert targets == {"https://example.org/a?b=1#c", "mailto:a@example.org"}


def test_separators_of_lines_end_a_line_and_the_mark_of_a_files_start_is_left_out() -> None:
    (paragraph,) = [p for p in read(write_docx(document("\ufeffDone.\u2028Sign it."))).paragraphs if "Done" in p.text]
    assert paragraph.text == "Done.\nSign it."
    assert len(paragraph._p.findall(f".//{qn('w:br')}")) == 1


def test_lines_from_the_right_say_so() -> None:
    file = read(write_docx(document("مرحبا بالعالم\n\nfrom the left")))
    sides = {p.text: p._p.pPr is not None and p._p.pPr.find(qn("w:bidi")) is not None for p in file.paragraphs}
    assert sides["مرحبا بالعالم"]
    assert not sides["from the left"]


@pytest.mark.parametrize(
    "text", [TYPST, SCRIPTS, "> " * 40 + "deep", "".join("  " * n + "- x\n" for n in range(30)), ""]
)
def test_odd_texts_are_written_whole(text: str) -> None:
    found = all_text(read(write_docx(document(text, question=text or "?"))))
    for word in re.findall(r"[^\W_]{3,}", text):
        assert word in found
