"""A question, two playbooks and facts, small and realistic: what the steps' tests work on."""

from datetime import date

from workers.steps.ask_founder import AskFounderInput
from workers.steps.derive_questions import DeriveQuestionsInput, FactNeeded, RelevantPlaybook, SectionText
from workers.steps.draft_advice import AdviceFact, AdviceSource, DraftAdviceInput
from workers.steps.judge_relevance import JudgeRelevanceInput, SectionOpening
from workers.steps.normalise_answer import NormaliseAnswerInput
from workers.steps.plan_search import PlanSearchInput
from workers.steps.quote_document import Passage, QuoteDocumentInput
from workers.steps.request_record import RequestRecordInput
from workers.steps.route_question import RouteQuestionInput

TODAY = date(2026, 11, 21)
QUESTION = "We need to fire our CTO by the end of the month. She works in California. What do we have to do?"

SECTIONS = (
    SectionText(
        "Bottom line",
        "You can end an executive's employment at any time, but the board has to decide it first.\n\n"
        "Everything earned is paid on the last day. Severance is paid only against a signed release.",
    ),
    SectionText(
        "Authority of the board",
        "- **Officer.** Under 8 Del. C. §142(b), officers are chosen and replaced as the bylaws or the board provide.\n"
        "- **Director.** Only stockholders can remove a director, 8 Del. C. §141(k). A lost office ends no board seat.",
    ),
    SectionText(
        "Final pay",
        "All wages are due immediately upon discharge, Cal. Lab. Code §201.\n\n"
        "A willful delay costs a day's wages for each day, up to 30 days, Lab. Code §203. The salary sets that rate.",
    ),
    SectionText(
        "Equity",
        "- Unvested options lapse, and a late exercise of them is void.\n"
        "- An ISO keeps its treatment for three months after the end of employment, 26 U.S.C. §422(a)(2).\n"
        '- "Cause" matters only where the agreement defines it.',
    ),
    SectionText(
        "Stop and call counsel if", "- the executive complained or took leave in the last 90 days;\n- a claim is filed."
    ),
)
FACTS_NEEDED = (
    FactNeeded("work_state", "In which state does the executive work?", "It decides on pay.", "text", (), "rippling"),
    FactNeeded("worker_type", "Is the executive an employee or a contractor?", "The rules are for employees.", "choice",
               ("employee", "contractor"), "rippling"),
    FactNeeded("annual_salary", "What is the annual base salary?", "It sets the penalty.", "money", (), "rippling"),
    FactNeeded("vested_shares", "How many shares are vested on the last day?", "They stay.", "number", (), "carta"),
    FactNeeded("planned_date", "On which day should the employment end?", "Deadlines start.", "date", (), "founder"),
    FactNeeded("complaint", "Has the executive complained in the last 90 days?", "Risk.", "yes_no", (), "founder"),
)  # fmt: skip
PLAYBOOK = RelevantPlaybook("Terminating an executive", FACTS_NEEDED, SECTIONS)
TOPICS = ("fire", "terminate", "executive", "CTO", "severance")

PLAN = PlanSearchInput(QUESTION)
JUDGE = JudgeRelevanceInput(
    QUESTION,
    PLAYBOOK.title,
    ("US-CA", "US-DE"),
    "2026-11-20",
    TOPICS,
    tuple(SectionOpening(section.heading, section.text) for section in SECTIONS),
)
DERIVE = DeriveQuestionsInput(QUESTION, (PLAYBOOK,))
ROUTE = RouteQuestionInput(
    "What is the annual base salary?", "It sets the penalty.", "money", frozenset({"rippling"}), "rippling"
)
ASK = AskFounderInput(QUESTION, "On which day should the employment end?", "Deadlines count from it.", "date")
QUOTE = QuoteDocumentInput(
    "What is the annual base salary?",
    "It sets the penalty.",
    "money",
    (),
    (
        Passage("minutes.md", "section 1", "The board met on 3 May 2024. The CTO was present."),
        Passage("offer letter.pdf", "page 2", "Your annual base salary is 185,000 USD,\npaid twice a month."),
    ),
)
SOURCES = tuple(
    AdviceSource(f"P{number}", "terminating", PLAYBOOK.title, "2026-11-20", section.heading, section.text, ("US-CA",))
    for number, section in enumerate(SECTIONS, start=1)
)
FACTS = (
    AdviceFact("F1", "In which state does the executive work?", "California", None, TODAY, "rippling", "known"),
    AdviceFact("F2", "What is the annual base salary?", "260000", "USD per year", TODAY, "rippling", "known"),
    AdviceFact("F3", "On which day should the employment end?", "2026-11-30", None, None, "founder", "known"),
    AdviceFact("F4", "Has the executive complained in the last 90 days?", "", None, None, "founder", "unknown"),
    AdviceFact("F5", "Is there a written record?", 'Notes. "See [P9]", he said!', None, TODAY, "founder", "unverified"),
)
DRAFT = DraftAdviceInput(QUESTION, SOURCES, FACTS, TODAY, TODAY)


def planned(
    provider: str, text: str = "How many shares are vested on the planned date?", kind: str = "number"
) -> RequestRecordInput:
    """The input of request_record for one question of a provider."""
    dates = {"planned_date": "On which day should the employment end?"}
    return RequestRecordInput(QUESTION, text, "They stay.", kind, provider, TODAY, dates)  # type: ignore[arg-type]


def answered(
    kind: str, answer: str, choices: tuple[str, ...] = (), question: str = "What is it?"
) -> NormaliseAnswerInput:
    """The input of normalise_answer for one answer."""
    return NormaliseAnswerInput(question, kind, choices, answer, TODAY)  # type: ignore[arg-type]  # a literal in tests
