"""The order of the steps, as data, in Celery's words.

A stage is a chain of steps, or a group: the same chain once for each member (each candidate playbook, each question).
The next stage begins when the one before is done, a group when all its members are; that is looked up in the ledger,
under the matter's lock, by whoever finishes a step (`workers/research.py` and its neighbours). Celery's chords are not
used: an emptied broker loses them (docs/adr/0001-ledger-of-steps.md).

A question's chain forks behind `route_question`: it goes one of `WAYS`. Where a provider can't say, it goes on by the
founder's way. Beside them all `search_documents` looks into a founder's documents, once for each question that is put
to a person: nothing waits for it (`matters.ledger.BESIDE`).
"""

from celery import Signature, chain, group, signature


def _step(kind: str) -> Signature:
    return signature(kind, immutable=True)


WAYS: dict[str, Signature] = {
    # Between the two a person answers, in their own time.
    "founder": chain(_step("ask_founder"), _step("normalise_answer")),
    # The plan is made before anything of the provider's is read; between the last two nothing is asked of anybody.
    "provider": chain(_step("request_record"), _step("find_person"), _step("fetch_record"), _step("convert_record")),
}
# One for all questions of the matter that need it: whoever finishes a step begins it where it is missing.
SHARED = frozenset({"find_person"})

STAGES: tuple[Signature, ...] = (
    chain(_step("plan_search"), _step("search_playbooks")),
    group([_step("judge_relevance")]),
    chain(_step("derive_questions")),
    group([chain(_step("route_question"), group(list(WAYS.values())))]),
    chain(_step("draft_advice")),
)


def kinds_of(stage: Signature) -> tuple[str, ...]:
    """The kinds of step in `stage`, in their order."""
    if isinstance(stage, group) or hasattr(stage, "tasks"):
        return tuple(kind for part in stage.tasks for kind in kinds_of(part))
    return (str(stage.task),)


KINDS = tuple(kind for stage in STAGES for kind in kinds_of(stage))


def following(kind: str) -> str | None:
    """The kind that follows `kind` in the pipeline; None behind the last one."""
    place = KINDS.index(kind) + 1
    return KINDS[place] if place < len(KINDS) else None


def steps_left(way: str, after: str | None = None) -> int:
    """How many steps of its own a question takes on `way`, behind the kind `after` where that is given."""
    kinds = [kind for kind in kinds_of(WAYS[way]) if kind not in SHARED]
    return len(kinds) - (kinds.index(after) + 1 if after else 0)
