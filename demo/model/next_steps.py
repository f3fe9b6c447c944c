"""The steps of the advice: a section each, with an owner, what the section says, and the facts that it turns on."""

from demo.model.case import Case, Source
from demo.model.passages import passages, weight
from demo.model.quotations import Quotations
from demo.model.wording import Fact, quoted, shown_value
from demo.model.words import stems

_MOST_STEPS, _QUOTES_A_STEP, _FACTS_A_STEP, _SHARED_WORDS = 6, 2, 2, 2
_OWNERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("the board", ("board", "director", "stockholder", "bylaw", "power", "authority")),
    ("payroll, with the founder", ("pay", "wage", "salary", "tax")),
    ("counsel, with the founder", ("release", "covenant", "agreement", "silence", "contract", "classif")),
    ("whoever runs the cap table, with counsel", ("equity", "vest", "stock", "shares", "option")),
    ("HR or the benefits broker", ("benefit", "health", "insurance")),
)


def next_steps(case: Case, quotations: Quotations) -> str:
    """The section, or nothing where the playbook has nothing but a summary."""
    chosen = _chosen_sections(case)
    facts = _facts_by_section(chosen, case.facts)
    steps = (_step(number, source, facts[source.marker], quotations) for number, source in enumerate(chosen, start=1))
    return "\n\n".join(["## What to do, step by step", *steps]) if chosen else ""


def _chosen_sections(case: Case) -> list[Source]:
    """The sections that say most to this question and these facts, in the order of the playbook."""
    known = case.asked | stems(" ".join(f"{fact.label} {fact.value}" for fact in case.facts))
    ranked = sorted(case.rules, key=lambda source: -_weight(source, known))[:_MOST_STEPS]
    return [source for source in case.rules if source in ranked]


def _weight(source: Source, known: set[str]) -> int:
    return sum(sorted((weight(passage, known) for passage in passages(source.text)), reverse=True)[:4])


def _facts_by_section(sources: list[Source], facts: tuple[Fact, ...]) -> dict[str, list[Fact]]:
    """Each fact under the section with which it shares most words, if it shares two; two a section at most."""
    texts = {source.marker: stems(f"{source.heading} {source.text}") for source in sources}
    placed: dict[str, list[Fact]] = {marker: [] for marker in texts}
    for fact in facts:
        wanted = stems(f"{fact.label} {fact.value}")
        counts = {marker: len(wanted & there) for marker, there in texts.items()}
        marker = max(counts, key=lambda each: counts[each])
        if counts[marker] >= _SHARED_WORDS and len(placed[marker]) < _FACTS_A_STEP:
            placed[marker].append(fact)
    return placed


def _step(number: int, source: Source, facts: list[Fact], quotations: Quotations) -> str:
    found = quotations.best([source], _QUOTES_A_STEP)
    lines = [f"- {quoted(passage, source.marker)}" for _, passage in found] + [_applied(fact) for fact in facts]
    return "\n\n".join([f"### {number}. {source.heading}", f"*Owner: {_owner(source)}.*", "\n".join(lines)])


def _owner(source: Source) -> str:
    heading = source.heading.lower()
    return next((owner for owner, signs in _OWNERS if any(sign in heading for sign in signs)), "the founder")


def _applied(fact: Fact) -> str:
    if fact.status == "unknown":
        return f"- Find out first, not known: {fact.short_label} [{fact.marker}]"
    doubt = " (not verified)" if fact.status == "unverified" else ""
    return f"- Your case{doubt}: {fact.short_label}: {shown_value(fact)} [{fact.marker}]"
