"""The text that the fake model streams."""

import hashlib

_SENTENCES = (
    "The agreement decides what is owed, and it says so in its own words [P1].",
    "You told us the start date, and it matters here [F1].",
    "Notice runs from the day on which it is received [P2].",
    "What follows from both is an inference, and should be checked by an attorney [F2].",
)
_ASTRAL = "Clef \N{MUSICAL SYMBOL G CLEF}, scales \N{SCALES}, é, and a face \N{GRINNING FACE} [P3]."


def make_text(number: int, prompt: str, *, size: int, astral: bool) -> str:
    """Markdown of exactly `size` code points. The heading has the number of the call and a digest of the prompt, so
    that no two calls stream the same text and a mixture of two is seen."""
    digest = hashlib.sha256(prompt.encode(errors="surrogatepass")).hexdigest()[:8]
    parts = [f"## Bottom line\n\nText {number} of {digest}. "]
    sentences = (*_SENTENCES, _ASTRAL) if astral else _SENTENCES
    length, at = len(parts[0]), 0
    while length < size:
        sentence = sentences[at % len(sentences)]
        part = f"{sentence}\n\n## Part {at // 8 + 1}\n\n" if at % 8 == 7 else f"{sentence} "
        parts.append(part)
        length, at = length + len(part), at + 1
    return "".join(parts)[:size]
