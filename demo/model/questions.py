"""The steps about questions: derive_questions, route_question, ask_founder."""

from typing import Any

from demo.model.reading import Record, first_record, line_after, records

TYPICAL, FEWEST = 15, 8

_GENERAL: tuple[tuple[str, str, str, str], ...] = (
    ("work_state", "In which state do the people concerned work?", "The rules of that state apply.", "text"),
    (
        "entity",
        "In which state is the company incorporated?",
        "Its law decides who may act.",
        "text",
    ),
    ("target_date", "By which day do you want this settled?", "Deadlines count from it.", "date"),
    ("documents", "Which signed documents deal with this?", "What was agreed comes before the general rules.", "text"),
    ("headcount", "How many employees does the company have?", "Many rules begin at a certain size.", "number"),
    ("money_at_stake", "How much money is at stake?", "It decides how much care is worth its price.", "money"),
    (
        "dispute",
        "Is there already a dispute about this?",
        "Then every step is evidence.",
        "yes_no",
    ),
    ("goal", "What outcome do you want?", "The same facts allow several ways.", "text"),
)
_RECORDS = {
    "rippling": ("salary", "employee or contractor", "headcount", "how many employees", "how many active employees",
                 "start date", "which state does", "job title", "40 or older", "vacation", "exempt"),
    "carta": ("vested", "unvested", "option grant", "exercise price", "strike", "isos or nsos",
              "fair market value", "vesting schedule"),
}  # fmt: skip
_HINTS = {
    "text": "One to three sentences are enough. If you don't know, say so.",
    "yes_no": "Yes or no. If it is not that simple, answer in your own words.",
    "date": "Day, month and year, for example 3 November 2025.",
    "money": "An amount with its currency, for example 185,000 USD per year.",
    "number": "A number in digits, for example 12.5.",
    "choice": "Choose one of the options.",
}


def derive_questions(prompt: str) -> dict[str, Any]:
    """Fifteen of the facts that the playbooks need, each in turn; general ones where they name fewer than eight."""
    needed = {fact["key"]: _question(fact) for fact in _in_turn(prompt)}
    chosen = list(needed.values())[:TYPICAL]
    for key, text, why, kind in _GENERAL:
        if len(chosen) < FEWEST and key not in needed:
            chosen.append({"key": key, "text": text, "why": why, "kind": kind, "choices": []})
    return {"questions": chosen}


def _in_turn(prompt: str) -> list[Record]:
    """The first fact of each playbook, then the second of each, and so on."""
    playbooks = [records(part, "fact_needed") for part in prompt.split("\n<playbook>\n")]
    ranked = [(rank, position, fact) for position, facts in enumerate(playbooks) for rank, fact in enumerate(facts)]
    return [fact for _, _, fact in sorted(ranked, key=lambda entry: entry[:2])]


def _question(fact: Record) -> dict[str, Any]:
    choices = [choice for choice in fact["choices"].split(" | ") if choice]
    return {"key": fact["key"], "text": fact["question"], "why": fact["why"], "kind": fact["kind"], "choices": choices}


def route_question(prompt: str) -> dict[str, Any]:
    """The playbook's hint, else the first provider whose records the question names; the founder for all else."""
    question = first_record(prompt, "question")
    wanted = question["suggested_source"] or _record_keeper(question["text"].lower())
    connected = [name.strip() for name in line_after(prompt, "Connected sources:").split(",")]
    if wanted == "founder":
        return {"source": "founder", "reason": "Only a person in the company can say this."}
    if wanted not in connected:
        return {"source": "founder", "reason": f"{wanted.capitalize()} keeps this, but it is not connected."}
    return {"source": wanted, "reason": f"{wanted.capitalize()} keeps this as a record."}


def _record_keeper(text: str) -> str:
    return next((name for name, terms in _RECORDS.items() if any(term in text for term in terms)), "founder")


def ask_founder(prompt: str) -> dict[str, Any]:
    question, earlier = first_record(prompt, "question"), first_record(prompt, "earlier_round")
    before = f"You wrote: {_short(earlier.text)} – {earlier['not_accepted_because']} " if earlier.text else ""
    choices = question["choices"].replace(" | ", ", ")
    options = f" Options: {choices}." if choices else ""
    return {"wording": f"{before}{question['text']}", "hint": _HINTS.get(question["kind"], _HINTS["text"]) + options}


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else f"{line[:120]} …"
