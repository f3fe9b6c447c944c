"""Where a provider can't answer: the question goes on by the founder's way, with the reason and what is known."""

from matters.ledger import NewStep, insert_steps
from matters.models import Matter, Question
from matters.services import change_question
from matters.states import QuestionStatus
from workers.claims import expect_steps
from workers.pipeline import steps_left


def ask_founder_instead(matter: Matter, question: Question, reason: str, *, known: str = "", after: str) -> None:
    """Hand a question of a locked matter to the founder, who sees `reason`. `after`: the step that found out."""
    expect_steps(matter, steps_left("founder") - steps_left("provider", after))
    change_question(question, QuestionStatus.ASKING, reason, source="founder", reason=reason, known=known)
    insert_steps(matter, [NewStep("ask_founder", f"ask_founder:{question.position}", str(question.pk))])
