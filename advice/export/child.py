"""The process that makes one file: a document as JSON on stdin, the file on stdout, and the exit code.

    python -m advice.export.child pdf

It knows no Django and no database. A text that breaks a writer, fills the memory or never ends takes nobody with it.
Nothing is printed: an error could hold words of the document.
"""

import json
import resource
import sys
from typing import cast

from advice.export.document import Document

CPU_SECONDS = 30
MEMORY_BYTES = 2 * 1024**3  # of address space; 100 KB of text take a tenth of it


def main(kind: str) -> None:
    """Write the file of `kind`, `pdf` or `docx`."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    document = cast(Document, json.load(sys.stdin.buffer))
    sys.stdout.buffer.write(_written(kind, document))


def _written(kind: str, document: Document) -> bytes:
    if kind == "pdf":  # each library is loaded only where it is needed: it takes a while
        from advice.export.pdf import write_pdf

        return write_pdf(document)
    from advice.export.docx import write_docx

    return write_docx(document)


if __name__ == "__main__":
    main(sys.argv[1])
