"""A document as a Word file, by python-docx: <https://python-docx.readthedocs.io>.

Headings, lists and tables are real ones, in the styles of Word's own names, so that they can be restyled and read out.
"""

import io
from datetime import UTC, datetime
from typing import Any

import docx
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.text.paragraph import Paragraph

from advice.export.document import Block, Document, Fact, Run, Source

FACT_COLUMNS = ("Mark", "Fact", "Value", "As of", "Source")
MONOSPACED = "Consolas"
STYLED_LEVELS = 3  # of lists, in Word's own template
_ALIGN = {"left": WD_ALIGN_PARAGRAPH.LEFT, "center": WD_ALIGN_PARAGRAPH.CENTER, "right": WD_ALIGN_PARAGRAPH.RIGHT}
_LEGEND = "Checked against the sources by a program that compares words and numbers, not meaning: {}."


def write_docx(document: Document) -> bytes:
    """The file."""
    writer = _Writer(document)
    writer.write_head(document)
    writer.write_heading("Question", 1)
    writer.write_blocks(document["question"])
    writer.write_heading("Advice", 1)
    writer.write_blocks(document["advice"])
    if document["legend"]:
        writer.write_words(_LEGEND.format(document["legend"]))
    writer.write_sources("Sources", document["cited"])
    writer.write_facts(document["facts"])
    writer.write_sources("Given to the model but not cited", document["others"])
    return writer.saved()


class _Writer:
    """Adds to the end of one Word document."""

    def __init__(self, document: Document) -> None:
        self.word: WordDocument = docx.Document()
        # Looked up once: the library goes through all styles, and all paragraphs before, for each new one.
        self.end: Any = self.word.element.body.sectPr
        self.style_ids = {style.name: style.style_id for style in self.word.styles}
        properties = self.word.core_properties
        properties.title, properties.author, properties.language = document["title"][:255], "Matterstream", "en-US"
        properties.comments = properties.keywords = ""
        properties.created = properties.modified = datetime.fromtimestamp(document["created"], UTC)
        defaults = self.word.styles.element.find(f"{qn('w:docDefaults')}/{qn('w:rPrDefault')}/{qn('w:rPr')}")
        for language in defaults.findall(qn("w:lang")):
            defaults.remove(language)
        _add(defaults, "w:lang", val="en-US", eastAsia="zh-CN", bidi="ar-SA")

    def saved(self) -> bytes:
        out = io.BytesIO()
        self.word.save(out)
        return out.getvalue()

    def write_head(self, document: Document) -> None:
        self.write_words(document["title"], "Title")
        for line in document["about"]:
            self.write_words(line).paragraph_format.space_after = Pt(0)
        if document["warning"]:
            self.write_words(document["warning"], "Intense Quote")
        if document["notice"]:
            self.write_words(document["notice"], "Intense Quote")

    def write_words(self, text: str, style: str | None = None) -> Paragraph:
        element = OxmlElement("w:p")
        self.end.addprevious(element)
        paragraph = Paragraph(element, self.word._body)  # noqa: SLF001
        if text:
            paragraph.add_run(text)
        if style:
            paragraph._p.style = self.style_ids[style]  # noqa: SLF001
        return paragraph

    def write_heading(self, text: str, level: int) -> None:
        self.write_words(text, f"Heading {level}")

    def write_sources(self, title: str, sources: list[Source]) -> None:
        if sources:
            self.write_heading(title, 1)
        for source in sources:
            self.write_heading(f"{source['marker']} {source['heading']}", 2)
            self.write_words(source["about"], "Subtitle")
            self.write_blocks(source["blocks"])

    def write_facts(self, facts: list[Fact]) -> None:
        if not facts:
            return
        self.write_heading("Facts used", 1)
        rows = [
            FACT_COLUMNS,
            *((fact["marker"], fact["label"], fact["value"], fact["as_of"], fact["source"]) for fact in facts),
        ]
        self._table([[[Run(kind="text", text=cell)] for cell in row] for row in rows], ["left"] * len(FACT_COLUMNS))

    def write_blocks(self, blocks: list[Block], depth: int = 0) -> None:
        """`depth`: how many lists and quotes it stands in."""
        for block in blocks:
            self._block(block, depth)

    def _block(self, block: Block, depth: int) -> None:
        kind = block["kind"]
        if kind == "list":
            self._list(block, depth)
        elif kind == "quote":
            self.write_blocks(block["blocks"], depth + 1)
        elif kind == "table":
            self._table(block["rows"], list(block["aligns"]))
        elif kind == "code":
            self._indented(self.write_words(""), depth + 1).add_run(block["text"]).font.name = MONOSPACED
        elif kind == "rule":
            self.write_words("⁂").alignment = WD_ALIGN_PARAGRAPH.CENTER
        else:
            style = f"Heading {block['level']}" if kind == "heading" else None
            self._line(self._indented(self.write_words("", style), depth), block)

    def _list(self, block: Block, depth: int) -> None:
        name = "List Bullet" if block["start"] is None else "List Number"
        level = min(depth, STYLED_LEVELS - 1)
        style = name if not level else f"{name} {level + 1}"
        number = None if block["start"] is None else self._numbering(style, block["start"])
        for item in block["items"]:
            head, *rest = item if item and item[0]["kind"] == "paragraph" else [_EMPTY, *item]
            paragraph = self.write_words("", style)
            if number is not None:
                _number(paragraph, number)
            if depth >= STYLED_LEVELS:
                self._indented(paragraph, depth + 1)
            self._line(paragraph, head)
            self.write_blocks(rest, depth + 1)

    def _numbering(self, style: str, start: int) -> int:
        """A new numbering of the style's form that begins with `start`: without one, lists count on."""
        numbering = self.word.part.numbering_part.element
        of_style = self.word.styles[style].element.pPr.numPr.numId.val
        form = numbering.num_having_numId(of_style).abstractNumId.val
        new = numbering.add_num(form)
        new.add_lvlOverride(0).add_startOverride(start)
        return int(new.numId)

    def _indented(self, paragraph: Paragraph, depth: int) -> Paragraph:
        if depth:
            paragraph.paragraph_format.left_indent = Cm(0.63 * depth)
        return paragraph

    def _table(self, rows: list[list[list[Run]]], aligns: list[Any]) -> None:
        table = self.word.add_table(len(rows), len(aligns), style="Table Grid")
        cells = table._cells  # noqa: SLF001 # `table.cell()` looks at all of them each time
        for y, row in enumerate(rows):
            for x, runs in enumerate(row):
                paragraph = cells[y * len(aligns) + x].paragraphs[0]
                paragraph.alignment = _ALIGN[aligns[x]]
                self._runs(paragraph, [run | Run(bold=True) for run in runs] if y == 0 else runs)
        _add(table.rows[0]._tr.get_or_add_trPr(), "w:tblHeader")  # noqa: SLF001 # there is no other way
        self.write_words("")

    def _line(self, paragraph: Paragraph, block: Block) -> None:
        if block.get("rtl"):
            properties = paragraph._p.get_or_add_pPr()  # noqa: SLF001
            properties.insert_element_before(OxmlElement("w:bidi"), *_AFTER_BIDI)
        self._runs(paragraph, block["runs"], rtl=bool(block.get("rtl")))

    def _runs(self, paragraph: Paragraph, runs: list[Run], rtl: bool = False) -> None:
        for run in runs:
            self._run(paragraph, run, rtl)

    def _run(self, paragraph: Paragraph, run: Run, rtl: bool) -> None:
        if run["kind"] == "break":
            paragraph.add_run().add_break()
            return
        added = paragraph.add_run(run["text"])
        if run.get("bold") or run["kind"] == "marker":
            added.bold = True
        if run.get("italic"):
            added.italic = True
        if run.get("strike"):
            added.font.strike = True
        if run.get("code"):
            added.font.name = MONOSPACED
        if rtl:
            added.font.rtl = True
        if address := run.get("href"):
            added.font.underline, added.font.color.rgb = True, RGBColor(0x0B, 0x4F, 0x8A)
            link = OxmlElement("w:hyperlink")
            link.set(qn("r:id"), self.word.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True))
            added._r.addprevious(link)  # noqa: SLF001
            link.append(added._r)  # noqa: SLF001


_EMPTY = Block(kind="paragraph", runs=[], rtl=False)


# What the schema of a paragraph's properties has behind `bidi`, of those that are used here.
_AFTER_BIDI = ("w:spacing", "w:ind", "w:jc")


def _number(paragraph: Paragraph, number: int) -> None:
    properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()  # noqa: SLF001
    properties.get_or_add_ilvl().val = 0
    properties.get_or_add_numId().val = number


def _add(parent: Any, tag: str, **attributes: str) -> None:
    element = OxmlElement(tag)
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), value)
    parent.append(element)
