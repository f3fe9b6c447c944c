"""The step draft_advice: advice assembled from the sections and facts of the prompt, each legal claim a quote."""

from demo.model import without_playbook
from demo.model.case import Case, read_case
from demo.model.deadlines import timeline
from demo.model.next_steps import next_steps
from demo.model.passages import Passage
from demo.model.quotations import Found, Quotations
from demo.model.wording import DISCLOSURE, ORIGIN, assumptions, fact_line, open_facts, quoted

_RISK_SIGNS = ("penalt", "presum", "void", "unlawful", "undone", "lapse", "double", "breach", "liab", "late", "lose")
_MOST_RISKS, _MOST_COUNSEL = 3, 4


def draft_advice(prompt: str) -> str:
    """The whole advice as Markdown."""
    case = read_case(prompt)
    if not case.sources:
        return without_playbook.packet(case)
    quotations = Quotations(case.asked)
    bottom_line, deadlines = _bottom_line(case, quotations), timeline(case, quotations)
    risks = _risks(case, quotations)  # before the steps, which would leave none of their quotes
    steps, missing, counsel = next_steps(case, quotations), open_facts(case.facts), _counsel(case, quotations)
    rests = [_foundation(case), assumptions(case.facts)]
    parts = [ORIGIN, bottom_line, *rests, deadlines, steps, risks, missing, counsel, DISCLOSURE]
    return "\n\n".join(part for part in parts if part) + "\n"


def _bottom_line(case: Case, quotations: Quotations) -> str:
    summaries = [source for source in case.sources if source.is_summary]
    leads = summaries[:3] or list(case.sources[:1])
    found = [*quotations.first(leads), *quotations.best(leads, 2)]
    about = f"You asked: *{case.restated}* This is answered from {case.titles}."
    return "\n\n".join(["## Bottom line", about, _listed(found), _state(case)])


def _state(case: Case) -> str:
    if not case.facts:
        return "No facts about your company were gathered, so this stays general."
    unknown = sum(fact.status == "unknown" for fact in case.facts)
    in_hand = f"{len(case.facts) - unknown} of {len(case.facts)} facts are in hand"
    if not unknown:
        return f"{in_hand}."
    if unknown == 1:
        return f"{in_hand}; 1 is open, and the steps it bears on name it."
    return f"{in_hand}; {unknown} are open, and the steps they bear on name them."


def _listed(found: list[Found]) -> str:
    return "\n".join(f"- {quoted(passage, source.marker)}" for source, passage in found)


def _foundation(case: Case) -> str:
    known = [f"- {fact_line(fact)}" for fact in case.facts if fact.status != "unknown"]
    law = "\n".join(f"- {line}" for line in case.law_dates)
    return "\n\n".join(["## What this rests on", "\n".join(known) or "- No facts were gathered.", law])


def _risks(case: Case, quotations: Quotations) -> str:
    found = quotations.best(case.rules, _MOST_RISKS, _tells_a_risk)
    lines = [f"- *{source.heading}*: {quoted(passage, source.marker)}" for source, passage in found]
    return "\n\n".join(["## Risks", "\n".join(lines)]) if lines else ""


def _tells_a_risk(passage: Passage) -> bool:
    return any(sign in passage.text.lower() for sign in _RISK_SIGNS)


def _counsel(case: Case, quotations: Quotations) -> str:
    found = quotations.best([source for source in case.sources if source.is_counsel], _MOST_COUNSEL)
    head = "Stop and get an attorney before you act in any of these cases:" if found else "Before you act on this text."
    return "\n\n".join(part for part in ("## When to call counsel", head, _listed(found)) if part)
