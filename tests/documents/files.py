"""Files as founders attach them, good and bad, each made here by code."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence

import docx
from pypdf import PdfReader, PdfWriter

SALARY = "The annual base salary of the executive is $185,000 per year."
LINE = 90  # characters that fit a line of the PDF's page


def pdf(*pages: str) -> bytes:
    """A PDF with a page for each text; "" makes one without text, as a scanner's is."""
    streams = [_compressed(_drawn(text)) for text in pages]
    return raw_pdf(streams)


def raw_pdf(streams: Sequence[bytes]) -> bytes:
    """A PDF whose pages have these content streams, compressed already."""
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(streams)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(streams)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for n, stream in enumerate(streams):
        page = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * n} 0 R"
        objects.append(f"{page} /Resources << /Font << /F1 3 0 R >> >> >>".encode())
        head = f"<< /Length {len(stream)} /Filter /FlateDecode >>\nstream\n".encode()
        objects.append(head + stream + b"\nendstream")
    return _with_table(objects)


def _with_table(objects: Sequence[bytes]) -> bytes:
    body, places = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, start=1):
        places.append(len(body))
        body += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    return bytes(body) + head + table + end


def _drawn(text: str) -> bytes:
    if not text:
        return b"0 0 612 792 re f"
    lines = [line[at : at + LINE] for line in text.split("\n") for at in range(0, len(line), LINE)]
    shown = "".join(f"({line.translate(_ESCAPES)}) Tj T*\n" for line in lines)
    return f"BT /F1 10 Tf 12 TL 40 750 Td\n{shown}ET".encode("cp1252")


_ESCAPES = str.maketrans({"(": r"\(", ")": r"\)", "\\": r"\\"})


def _compressed(data: bytes) -> bytes:
    return zlib.compress(data, 1)


def encrypted_pdf(user_password: str) -> bytes:
    """A PDF that opens with a password, or, with an empty one, only restricts what may be done with it."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(SALARY))))
    writer.encrypt(user_password, owner_password="owner", algorithm="AES-256")
    return _written(writer)


def _written(writer: PdfWriter) -> bytes:
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def pdf_bomb() -> bytes:
    """A page whose stream unpacks to 90 MB."""
    return raw_pdf([_compressed(b" " * 90_000_000)])


def word(*paragraphs: str, headings: Sequence[str] = (), table: Sequence[Sequence[str]] = ()) -> bytes:
    """A DOCX; of `paragraphs` those in `headings` are headings."""
    document = docx.Document()
    for text in paragraphs:
        document.add_paragraph(text, style="Heading 1" if text in headings else None)
    if table:
        rows = document.add_table(len(table), len(table[0]))
        for row, texts in zip(rows.rows, table, strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                cell.text = text
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def with_entries(archive: bytes, entries: Mapping[str, bytes]) -> bytes:
    """A ZIP file with some entries replaced or added."""
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(archive)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for name in old.namelist():
            if name not in entries:
                new.writestr(name, old.read(name))
        for name, content in entries.items():
            new.writestr(name, content)
    return file.getvalue()


def zipped(**entries: bytes) -> bytes:
    """A ZIP file that is no document."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def word_bomb() -> bytes:
    """A DOCX with a picture that unpacks to 110 MB."""
    return with_entries(word(SALARY), {"word/media/image1.png": bytes(110 * 1024 * 1024)})


def lying_word_bomb() -> bytes:
    """One that says its 110 MB were a thousand bytes."""
    data, told, size = bytearray(word_bomb()), struct.pack("<I", 1_000), struct.pack("<I", 110 * 1024 * 1024)
    while (at := data.find(size)) >= 0:
        data[at : at + 4] = told
    return bytes(data)


def nested_word() -> bytes:
    """A DOCX that holds a ZIP file that holds a bomb."""
    return with_entries(word(SALARY), {"word/embeddings/inner.zip": zipped(bomb=bytes(50 * 1024 * 1024))})


def word_with_entities() -> bytes:
    """A DOCX whose XML wants a file of ours, and to become a billion laughs."""
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    xml = (
        f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY mine SYSTEM "file:///etc/passwd"><!ENTITY l0 "ha">{laughs}]>'
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
        "<w:p><w:r><w:t>Before &mine;&l9; after</w:t></w:r></w:p></w:body></w:document>"
    )
    return with_entries(word(SALARY), {"word/document.xml": xml.encode()})


def locked_word() -> bytes:
    """What Word makes of a DOCX with a password, as far as anybody can see: an OLE file."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le")


def entry(archive: bytes, name: str) -> bytes:
    """One file of a ZIP file."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return opened.read(name)
