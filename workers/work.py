"""One step in work: the claim, the running call, the calls so far, and the two kinds of write."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from matters.events import events_together, matter_updated, tell_events
from matters.ledger import NewStep, insert_steps
from matters.models import Matter, Question
from matters.services import change_question
from matters.states import QuestionStatus
from workers.calls import CallLog, ask_model
from workers.claims import Claim, end_beside, finishing, writing
from workers.clients.llm import Call
from workers.pipeline import following
from workers.steps.base import LLMRequest, R

T = TypeVar("T")


@dataclass(frozen=True)
class Work:
    """What a step's function gets. It loads, calls, and saves inside `finish`."""

    claim: Claim
    call: Call
    log: CallLog
    replies: dict[str, Any] = field(default_factory=dict)  # by prompt: a step that is done again asks nothing twice

    def ask(self, request: LLMRequest[R]) -> R:
        """The model's reply. Raises LLMError, ReplyInvalid, Fenced."""
        prompt = request.prompt_text
        if prompt not in self.replies:
            self.replies[prompt] = ask_model(self.claim, request, self.call, self.log)
        reply: R = self.replies[prompt]
        return reply

    def once(self, name: str, do: Callable[[], T]) -> T:
        """What `do` gives, done once: a step that is done again, for its database was away, asks nobody twice."""
        if name not in self.replies:
            self.replies[name] = do()
        result: T = self.replies[name]
        return result

    @contextmanager
    def finish(self, result: dict[str, Any] | None = None) -> Iterator[Matter]:
        """Store the step's outcome, its calls, and whatever the body writes, in one transaction. Raises Fenced.

        A body that changes the matter's status has said where it stands; else a `matter.updated` says how far it is.
        """
        with finishing(self.claim, result) as matter, events_together(matter.pk):
            self.log.store()
            before = matter.status
            yield matter
            if matter.status == before:
                tell_events(matter.pk, [matter_updated(matter, why=f"{self.claim.kind} done")])

    @contextmanager
    def finish_beside(self, result: dict[str, Any]) -> Iterator[Matter]:
        """As `finish`, for a step that nothing waits for: it counts in no progress. Raises Fenced."""
        with writing(self.claim) as matter, events_together(matter.pk):
            self.log.store()
            end_beside(self.claim, result)
            yield matter
            tell_events(matter.pk, [matter_updated(matter, why=f"{self.claim.kind} done")])


def follow(matter: Matter, kind: str, **payload: Any) -> None:
    """Insert the step that follows `kind`, of which there is one in the matter's version."""
    if then := following(kind):
        insert_steps(matter, [NewStep(then, then, payload=payload)])


def ask_again(question: Question, problem: str) -> None:
    """Put a question to the person once more, saying why the answer could not be read."""
    change_question(
        question,
        QuestionStatus.AWAITING_FOUNDER,
        "the answer could not be read",
        round=question.round + 1,
        problem=problem,
    )
