"""Why a file is not taken, as a code that the reading process says, and as words that the founder reads."""

from documents.reading.kinds import DOCX, MARKDOWN, PDF, TEXT
from documents.reading.limits import MOST_CHARACTERS, MOST_PAGES

_NAMES = {PDF: "PDF", DOCX: "DOCX", TEXT: "plain text", MARKDOWN: "Markdown"}
_WORDS = {
    "encrypted": "This {kind} is protected by a password: save it without one and attach it again.",
    "old_word": "This is an old-style Word file (.doc), or one that is protected by a password: save it as DOCX "
    "without a password and attach it again.",
    "scanned": "No page of this PDF holds text, so it looks scanned: run text recognition (OCR) over it, or attach the "
    "text itself.",
    "empty": "There is no text in this file: attach one that has some.",
    "image": "This is a picture: attach the text that it shows, as PDF, DOCX, TXT or MD.",
    "unknown": "This is not a PDF, DOCX, TXT or MD file: save it as one of these and attach it again.",
    "mismatch": "The name ends in “{ending}”, but what is inside is {kind}: rename it, or save it again.",
    "expands": "Unpacked, this file is far larger than a document should be: attach only the part that matters.",
    "too_long": f"This file has more than {MOST_PAGES:,} pages or {MOST_CHARACTERS:,} characters of text: attach only "
    "the part that matters.",
    "too_slow": "Reading this file takes too long: save it again as a plain PDF, or attach only the part that matters.",
    "broken": "This {kind} can't be read and may be damaged: open it, save it again and attach the new file.",
}


def refusal_words(code: str, media_type: str, ending: str) -> str:
    """What a founder is told. `media_type`: what it is, as far as known. Raises KeyError for a code there is not."""
    return _WORDS[code].format(kind=_NAMES.get(media_type, "file"), ending=ending)
