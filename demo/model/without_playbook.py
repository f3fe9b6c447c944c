"""What the demo model says where no playbook fits: that it does not answer, and what to bring to an attorney."""

from demo.model.case import Case
from demo.model.wording import DISCLOSURE, ORIGIN, fact_line, open_facts
from demo.model.words import words

_DOCUMENTS: tuple[tuple[str, str], ...] = (
    (
        "trademark logo brand name domain",
        "the name or sign itself, where you use it and since when",
    ),
    ("lease office landlord rent", "the lease with its amendments, and every notice sent or received"),
    ("lawsuit sued court claim complaint", "the papers that were served, with the day and the way you got them"),
    ("tax taxes irs nexus vat", "the notices of the authority, and the returns for the years concerned"),
    (
        "customer client vendor supplier contract",
        "the signed contract with its annexes, and the messages about it",
    ),
    ("employee hire hiring worker salary visa", "the offer letter, what the person signed, and the pay records"),
    ("investor investors stock shares safe equity", "the financing documents, the cap table, and the board minutes"),
    ("data privacy gdpr breach personal", "a list of the data concerned, where it is, and who had access"),
)


def packet(case: Case) -> str:
    """The whole text as Markdown: no rule of law in it, only the question, the facts, and how to go on."""
    told = [_bottom_line(case), _known(case), _bring(case), _ask(), open_facts(case.facts), _until_then()]
    return "\n\n".join([ORIGIN, *told, DISCLOSURE]) + "\n"


def _bottom_line(case: Case) -> str:
    return (
        "## Bottom line\n\nNo playbook of this library covers your question, so this is not an answer to it. "
        f"You asked: *{case.restated}*\n\nThat is a question for an attorney. There may be deadlines: ask for them "
        "first. What follows makes that conversation short."
    )


def _known(case: Case) -> str:
    lines = [f"- {fact_line(fact)}" for fact in case.facts if fact.status != "unknown"]
    return "## What is known\n\n" + ("\n".join(lines) or "No facts were gathered beyond your question.")


def _bring(case: Case) -> str:
    asked = set(words(case.question))
    fitting = [f"- {documents};" for signs, documents in _DOCUMENTS if asked & set(signs.split())]
    described = ", ".join(words(case.question)[:8]) or "none given"
    always = [
        "- your question in one sentence, as above, and the outcome you want;",
        "- a timeline: what happened when, who knew, what was said in writing;",
        "- every signed document and every message that deals with it;",
        f"- the words that describe it, so that the right specialist is found: {described};",
        "- the company's state of incorporation, the states in which it works, and who may decide for it.",
    ]
    return "\n".join(["## What to bring to an attorney\n", *fitting, *always])


def _ask() -> str:
    return (
        "## Questions to ask the attorney\n\n"
        "1. Which deadlines run already, and which one is first?\n"
        "2. Which state's law decides, and is there federal law besides?\n"
        "3. Who in the company has to decide or sign?\n"
        "4. What does it cost to do nothing for a month?\n"
        "5. Which ways are open, and what does each cost and risk?\n"
        "6. What should nobody write, sign or delete until then?"
    )


def _until_then() -> str:
    return (
        "## Until then\n\n- Keep all documents and messages; switch off automatic deletion.\n"
        "- Sign nothing and send nothing that commits the company on this point.\n"
        "- Tell only those who must know, and write facts, not opinions."
    )
