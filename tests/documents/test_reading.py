"""What is read from a founder's file, and what is refused, with which words. Each runs in the real limited process."""

import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable

import psutil
import pytest

from documents import reader
from documents.reader import ReadDocument, UnreadableError, read_document
from documents.reading.kinds import DOCX, MARKDOWN, PDF, TEXT
from tests.databases import ROOT
from tests.documents import files
from tests.processes import wait_until


def read(data: bytes, ending: str) -> ReadDocument:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        return read_document(file, ending)


def why_not(data: bytes, ending: str) -> str:
    with pytest.raises(UnreadableError) as refused:
        read(data, ending)
    return str(refused.value)


def test_a_pdf_is_read_page_by_page() -> None:
    document = read(files.pdf("The first page (of three).", "", files.SALARY), ".pdf")
    assert document == ReadDocument(PDF, ["The first page (of three).", "", files.SALARY])


def test_a_pdf_that_only_restricts_printing_is_read() -> None:
    assert read(files.encrypted_pdf(""), ".pdf").pages == [files.SALARY]


def test_a_docx_is_read_in_sections_with_its_tables() -> None:
    data = files.word(
        "Offer letter", "Welcome.", "Pay", files.SALARY, headings=["Offer letter", "Pay"], table=[["Bonus", "10 %"]]
    )
    assert read(data, ".docx") == ReadDocument(DOCX, ["Offer letter\nWelcome.", f"Pay\n{files.SALARY}\nBonus | 10 %"])


def test_tracked_changes_are_read_as_if_they_were_accepted() -> None:
    data = files.word("PLACE")
    run = "<w:r><w:t>{}</w:t></w:r>"
    changed = f"<w:ins>{run.format('ninety days')}</w:ins><w:del><w:r><w:delText>thirty days</w:delText></w:r></w:del>"
    xml = files.entry(data, "word/document.xml").decode().replace(run.format("PLACE"), changed)
    assert read(files.with_entries(data, {"word/document.xml": xml.encode()}), ".docx").pages == ["ninety days"]


def test_a_markdown_file_is_read_in_sections_and_a_text_in_whatever_encoding_windows_has() -> None:
    assert read(b"# Pay\nMuch.\n\n## Bonus\nLittle.", ".md") == ReadDocument(
        MARKDOWN, ["# Pay\nMuch.", "## Bonus\nLittle."]
    )
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        assert read("Gehalt: 185.000 € – jährlich".encode(encoding), ".txt").pages == ["Gehalt: 185.000 € – jährlich"]


def test_a_long_text_loses_no_word_to_its_sections() -> None:
    words = [f"word{n}" for n in range(5_000)]
    document = read((" ".join(words) + "\n" + "x" * 9_000).encode(), ".txt")
    assert document.media_type == TEXT
    assert len(document.pages) > 10
    assert " ".join(document.pages).split()[: len(words)] == words


Made = Callable[[], bytes]


@pytest.mark.parametrize(
    ("made", "ending", "words"),
    [
        (lambda: b"", ".txt", "no text in this file"),
        (lambda: b" \n", ".pdf", "no text in this file"),
        (lambda: files.pdf("", ""), ".pdf", "looks scanned"),
        (lambda: files.encrypted_pdf("hush"), ".pdf", "This PDF is protected by a password: save it without"),
        (files.locked_word, ".docx", "protected by a password: save it as DOCX without a password"),
        (lambda: files.pdf(files.SALARY)[:200], ".pdf", "This PDF can't be read and may be damaged"),
        (lambda: files.word(files.SALARY)[:-300], ".docx", "can't be read and may be damaged"),
        (lambda: files.with_entries(files.word("a"), {"word/document.xml": b"<w:"}), ".docx", "This DOCX can't"),
        (lambda: files.word(""), ".docx", "no text in this file"),
        (files.pdf_bomb, ".pdf", "Unpacked, this file is far larger"),
        (files.word_bomb, ".docx", "Unpacked, this file is far larger"),
        (files.lying_word_bomb, ".docx", "can't be read"),
        (lambda: files.zipped(inner=files.zipped(a=b"a")), ".zip", "not a PDF, DOCX, TXT or MD file"),
        (lambda: files.zipped(inner=files.zipped(a=b"a")), ".docx", "not a PDF, DOCX, TXT or MD file"),
        (lambda: b"MZ\x90\x00\x03\x00", ".exe", "not a PDF, DOCX, TXT or MD file"),
        (lambda: b"MZ\x90\x00\x03\x00", ".pdf", "not a PDF, DOCX, TXT or MD file"),
        (lambda: b"<html>", ".html", "not a PDF, DOCX, TXT or MD file"),
        (lambda: b"\x89PNG\r\n\x1a\n0000", ".pdf", "This is a picture"),
        (lambda: files.word("a"), ".pdf", "The name ends in “.pdf”, but what is inside is DOCX"),
        (lambda: files.pdf("a"), ".docx", "The name ends in “.docx”, but what is inside is PDF"),
        (lambda: b"just words", ".pdf", "The name ends in “.pdf”, but what is inside is plain text"),
        (lambda: b"word " * 500_000, ".txt", "more than 2,000 pages or 2,000,000 characters"),
        (lambda: b"# a\n" * 2_001, ".md", "more than 2,000 pages or 2,000,000 characters"),
    ],
)  # fmt: skip
def test_what_can_not_be_taken_is_refused_with_words_that_say_what_to_do(made: Made, ending: str, words: str) -> None:
    assert words in why_not(made(), ending)


def test_what_a_docx_embeds_is_not_unpacked() -> None:
    assert read(files.nested_word(), ".docx").pages == [files.SALARY]


def test_the_xml_of_a_docx_reads_no_file_of_ours_and_does_not_laugh() -> None:
    try:
        text = "".join(read(files.word_with_entities(), ".docx").pages)
    except UnreadableError:
        return
    assert re.fullmatch(r"Before\s+after", text), f"an entity was resolved: {text[:200]}"


def test_a_name_without_an_ending_says_nothing_against_the_content() -> None:
    assert read(files.pdf(files.SALARY), "").media_type == PDF


def confined(program: str) -> "subprocess.CompletedProcess[str]":
    """Run `program` under the limits, in a process as documents are read in."""
    head = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from documents.reading import limits; "
    return subprocess.run(
        [sys.executable, "-I", "-c", head + program], capture_output=True, text=True, timeout=60, check=False
    )


def test_the_process_gets_no_more_memory_than_its_limit() -> None:
    eats = confined("limits.confine(); held = [bytearray(50_000_000) for _ in range(20)]")
    assert "MemoryError" in eats.stderr


def test_the_process_is_ended_when_its_cpu_time_is_used_up() -> None:
    burns = confined("limits.CPU_SECONDS = 1; limits.confine()\nwhile True: pass")
    assert burns.returncode == -signal.SIGXCPU


def test_the_process_writes_no_file_and_opens_few() -> None:
    writes = confined("limits.confine(); open('/tmp/x-of-a-reader', 'w').write('x' * 100_000)")
    assert "File too large" in writes.stderr or writes.returncode == -signal.SIGXFSZ
    opens = confined("limits.confine(); held = [open('/dev/null') for _ in range(100)]")
    assert "Too many open files" in opens.stderr


def test_the_process_knows_no_secret_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "hush")
    monkeypatch.setattr(
        reader,
        "_PROGRAM",
        "import os, json; print(json.dumps({'page': ' '.join(os.environ)})); "
        "print(json.dumps({'media_type': 'text/plain'}))",
    )
    assert set(read(b"x", ".txt").pages[0].split()) <= {"LANG", "LC_CTYPE"}


@pytest.mark.parametrize("program", ["import time; time.sleep(600)", "while True: print('x' * 100_000)"])
def test_a_process_that_does_not_end_or_says_too_much_is_ended(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setattr(reader, "WALL_SECONDS", 1.0)
    monkeypatch.setattr(reader, "_PROGRAM", program)
    assert "takes too long" in why_not(b"x", ".txt")
    wait_until(lambda: not _left_over(program), "the process is gone")


def _left_over(program: str) -> list[int]:
    return [child.pid for child in psutil.Process().children(recursive=True) if program in child.cmdline()]


@pytest.mark.parametrize(
    "said",
    ["", "[]", "{}", "1\n2", '{"page": 1}\n{"media_type": "text/plain"}', '{"page": "a"}\n{"media_type": "text/html"}',
     '{"page": "\\u0000"}\n{"media_type": "text/plain"}', '{"page": "\\ud800"}\n{"media_type": "text/plain"}',
     '{"refused": "<b>", "media_type": ""}', '{"refused": [], "media_type": ""}'],
)  # fmt: skip
def test_what_a_process_says_that_was_taken_over_is_not_believed(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setattr(reader, "_PROGRAM", f"print({said!r})")
    assert "can't be read" in why_not(b"x", ".txt")


def test_a_further_document_waits_for_its_turn_and_then_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "PATIENCE_SECONDS", 0.01)
    with reader.turn_to_read(), reader.turn_to_read(), pytest.raises(reader.BusyError), reader.turn_to_read():
        pass
    with reader.turn_to_read():
        pass
