"""The step quote_document: the sentence of a document that shares most with the question, read as its kind."""

import re
from collections.abc import Iterator
from typing import Any

from demo.model.answers import answer_in
from demo.model.reading import Record, first_record, records
from demo.model.words import stems

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_FEWEST_WORDS, _LONGEST = 3, 480  # characters
_SHARED = 0.4  # of the question's stems: fewer are shared by chance
_NOTHING: dict[str, Any] = {"found": False, "passage": None, "quote": None, "answer": None}


def quote_document(prompt: str) -> dict[str, Any]:
    """The reply to the prompt; not found where no sentence has enough of the question's words and such an answer."""
    question = first_record(prompt, "question")
    wanted = stems(question["text"])
    best: tuple[float, dict[str, Any]] = (_SHARED, _NOTHING)
    for passage, sentence in _sentences(records(prompt, "passage")):
        likeness = len(stems(sentence) & wanted) / max(1, len(wanted))
        if likeness > best[0] and (answer := answer_in(question, sentence)):
            found = {"found": True, "passage": int(passage["number"]), "quote": sentence, "answer": answer}
            best = (likeness, found)
    return best[1]


def _sentences(passages: list[Record]) -> Iterator[tuple[Record, str]]:
    for passage in passages:
        for sentence in _SENTENCE.split(passage.text):
            words = sentence.split()
            if len(words) >= _FEWEST_WORDS and len(sentence) <= _LONGEST:
                yield passage, " ".join(words)
