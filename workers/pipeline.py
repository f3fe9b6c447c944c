"""The order of the steps, as data, in Celery's words.

A stage is a chain of steps, or a group: the same chain once for each member (each candidate playbook, each question).
The next stage begins when the one before is done, a group when all its members are; that is looked up in the ledger,
under the matter's lock, by whoever finishes a step (`workers/research.py` and its neighbours). Celery's chords are not
used: an emptied broker loses them (docs/adr/0001-ledger-of-steps.md).

Beside them all `search_documents` looks into a founder's documents, once for each question that is put to a person:
nothing waits for it (`matters.ledger.BESIDE`).
"""

from celery import Signature, chain, group, signature


def _step(kind: str) -> Signature:
    return signature(kind, immutable=True)


STAGES: tuple[Signature, ...] = (
    chain(_step("plan_search"), _step("search_playbooks")),
    group([_step("judge_relevance")]),
    chain(_step("derive_questions")),
    # Between ask_founder and normalise_answer a person answers, in their own time.
    group([chain(_step("route_question"), _step("ask_founder"), _step("normalise_answer"))]),
    chain(_step("draft_advice")),
)


def kinds_of(stage: Signature) -> tuple[str, ...]:
    """The kinds of step in `stage`, in their order."""
    if isinstance(stage, group) or hasattr(stage, "tasks"):
        return tuple(kind for part in stage.tasks for kind in kinds_of(part))
    return (str(stage.task),)


KINDS = tuple(kind for stage in STAGES for kind in kinds_of(stage))


def stage_of(kind: str) -> Signature:
    """The stage that `kind` is a step of. KeyError for a kind that the pipeline does not know."""
    for stage in STAGES:
        if kind in kinds_of(stage):
            return stage
    raise KeyError(kind)


def following(kind: str) -> str | None:
    """The kind that follows `kind` in the pipeline; None behind the last one."""
    place = KINDS.index(kind) + 1
    return KINDS[place] if place < len(KINDS) else None
