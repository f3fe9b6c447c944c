"""The research steps: plan_search and judge_relevance, by the words that question and playbook share."""

from typing import Any

from demo.model.reading import Record, first_block, first_record, records
from demo.model.words import legal_names, stem, stems, words


def plan_search(prompt: str) -> dict[str, Any]:
    """Three to six queries: the question's own words, the legal names of what it speaks of, then spare wordings."""
    question = first_block(prompt, "question")
    own = words(question)
    wordings = [" ".join(own[:8]), *legal_names(question)[:4]]
    spare = [" ".join(own[:3]), " ".join(own[-3:]), "founder company obligations", "employment equity agreement"]
    different = list(dict.fromkeys(wording for wording in wordings if wording))
    for wording in spare:
        if len(different) < 3 and wording and wording not in different:
            different.append(wording)
    return {"queries": different[:6]}


def judge_relevance(prompt: str) -> dict[str, Any]:
    """A score from the question's words that stand in the title, the topics, and the sections of the playbook."""
    question, playbook = first_block(prompt, "question"), first_record(prompt, "playbook")
    asked = stems(question)
    subject = _subject(playbook)
    named = sorted(word for word in words(question) if stem(word) in subject)
    also = asked & stems(" ".join(f"{section['heading']} {section.text}" for section in records(prompt, "section")))
    titled = playbook["title"].lower() in (name.lower() for name in legal_names(question))
    score = min(97, 34 * min(2, len(named)) + 30 * titled + min(24, 6 * len(also)))
    relevant = score >= 60
    return {"reason": _reason(playbook["title"], named, relevant), "score": score, "relevant": relevant}


def _subject(playbook: Record) -> set[str]:
    return stems(f"{playbook['title']} {playbook['topics']}")


def _reason(title: str, named: list[str], relevant: bool) -> str:
    shared = ", ".join(named[:5])
    if relevant:
        return f"The question speaks of {shared or 'what the playbook is named for'}, the subject of “{title}”."
    if named:
        return f"“{title}” shares only {shared} with the question; its subject is another one."
    return f"Nothing in the question is the subject of “{title}”."
