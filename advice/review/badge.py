"""What a founder is told of an advice's review, held against the rows each time it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F

from advice.models import Attempt
from advice.review.binding import Advice, canonical, differences, digest, is_signed_by
from advice.review.keys import NoKey, public_keys
from advice.review.models import Review, ReviewState
from matters.models import Fact, FactStatus, Matter
from matters.states import MatterStatus
from playbooks.models import PlaybookVersion

DRAFT, REVIEWED, STALE, SENT_BACK = "draft", "reviewed", "stale", "sent_back"


@dataclass(frozen=True)
class Remark:
    """A reviewer's comment on a passage, code points `start` to `end`."""

    start: int
    end: int
    passage: str
    text: str


@dataclass(frozen=True)
class Standing:
    """`state`: draft, reviewed or stale, then with `reasons`. `sent_back`: it was sent back, with `words`."""

    state: str = DRAFT
    reviewed_by: str = ""
    reviewed_at: datetime | None = None
    sha256: str = ""
    reasons: list[str] = field(default_factory=list)
    sent_back: bool = False
    words: str = ""
    comments: list[Remark] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """As the API has it."""
        approved = self.state != DRAFT
        back = {
            "by": self.reviewed_by,
            "at": self.reviewed_at,
            "reasons": self.words,
            "comments": [vars(remark) for remark in self.comments],
        }
        return {
            "state": self.state,
            "reviewed_by": self.reviewed_by if approved else None,
            "reviewed_at": self.reviewed_at if approved else None,
            "sha256": self.sha256 if approved else None,
            "reasons": self.reasons,
            "sent_back": back if self.sent_back else None,
        }


def standing_of(attempt: Attempt) -> Standing:
    """Where the review of `attempt` stands at this moment."""
    review = Review.objects.filter(attempt=attempt).first()
    if review is None or review.state not in (ReviewState.APPROVED, ReviewState.SENT_BACK):
        return Standing()
    if review.state == ReviewState.SENT_BACK:
        return Standing(
            reviewed_by=review.reviewed_by,
            reviewed_at=review.decided_at,
            sent_back=True,
            words=review.reasons,
            comments=remarks_of(review, attempt),
        )
    reasons = faults_of_approval(review, attempt)
    return Standing(STALE if reasons else REVIEWED, review.reviewed_by, review.decided_at, review.sha256, reasons)


def listed_reviews(matters: Sequence[Matter]) -> dict[UUID, str]:
    """By matter what a list says of the advice that stands: reviewed, stale or sent_back; by one query.

    It proves nothing: an approval is stale here once `advice.review.proving` has found it so.
    """
    reviews = Review.objects.filter(
        attempt__matter__in=matters,
        attempt__matter__status=MatterStatus.ADVISED,
        attempt__version=F("attempt__matter__version"),
        state__in=(ReviewState.APPROVED, ReviewState.SENT_BACK),
    )
    rows = reviews.values_list("attempt__matter", "state", "stale_since")
    return {matter: _listed(ReviewState(state), stale_since) for matter, state, stale_since in rows}


def _listed(state: ReviewState, stale_since: datetime | None) -> str:
    if state == ReviewState.SENT_BACK:
        return SENT_BACK
    return STALE if stale_since else REVIEWED


def remarks_of(review: Review, attempt: Attempt) -> list[Remark]:
    """The comments, each with the words that it is about."""
    return [Remark(c.start, c.end, attempt.text[c.start : c.end], c.text) for c in review.comments.all()]


def advice_of(attempt: Attempt) -> Advice:
    """What an approval binds, as the rows have it now."""
    return Advice(
        matter=str(attempt.matter_id),
        version=attempt.version,
        attempt=attempt.number,
        model=attempt.model,
        question=attempt.matter.question,
        content=attempt.text,
        sources=attempt.sources,
        facts=attempt.facts,
    )


def badge_file(attempt: Attempt, review: Review) -> dict[str, Any]:
    """The file that `manage.py verify_badge` proves: the advice as it is now, and the badge as it was given."""
    keys = _known_keys()
    fitting = [key for key in keys if is_signed_by(review.statement or {}, review.signature, [key])]
    badge = {
        "statement": review.statement,
        "sha256": review.sha256,
        "signature": review.signature,
        "public_key": next(iter(fitting + keys), ""),
    }
    return {"advice": advice_of(attempt), "badge": badge}


def faults_of_approval(review: Review, attempt: Attempt) -> list[str]:
    """Why an approval does not hold any more."""
    statement = review.statement or {}
    faults = [f"Changed since it was reviewed: {part}." for part in differences(statement, advice_of(attempt))]
    if not _is_authentic(review, statement):
        faults.append("The signature of the review can't be verified.")
    outdated = outdated_playbooks(statement)
    faults += [f"The playbook {name} has a newer version than the one reviewed." for name in outdated]
    if _facts_changed(attempt):
        faults.append("A fact of the matter is no longer the one reviewed.")
    return faults


def _is_authentic(review: Review, statement: dict[str, Any]) -> bool:
    named = (statement.get("reviewed_by"), statement.get("approved_at"))
    at = review.decided_at.isoformat() if review.decided_at else None
    return (
        named == (review.reviewed_by, at)
        and digest(canonical(statement)) == review.sha256
        and is_signed_by(statement, review.signature, _known_keys())
    )


def _known_keys() -> list[str]:
    """No keys where none can be used: then nothing is proved, as with a lost one, and all is still shown."""
    try:
        return public_keys()
    except NoKey:
        return []


def outdated_playbooks(statement: dict[str, Any]) -> list[str]:
    """Playbooks of which another version is current by now. One that was retired has none, and stays as it was."""
    used = {each["playbook"]: each["version"] for each in statement.get("playbooks", []) if each["version"]}
    current = PlaybookVersion.objects.filter(playbook__slug__in=used, is_current=True)
    rows = current.values_list("playbook__slug", "content_hash").order_by("playbook__slug")
    return [slug for slug, version in rows if used[slug] != version]


def _facts_changed(attempt: Attempt) -> bool:
    """Whether a known fact that the advice used has another value in its matter now, or is in dispute."""
    used = {fact.get("label"): fact for fact in attempt.facts if fact.get("status") == "known"}
    if not used:
        return False
    now = Fact.objects.filter(matter=attempt.matter_id, question__text__in=list(used)).select_related("question")
    return any(_differs(used[fact.question.text], fact) for fact in now)


def _differs(used: dict[str, Any], now: Fact) -> bool:
    was = (used.get("value") or "", used.get("unit"))
    return now.status != FactStatus.KNOWN or was != (now.value or "", now.unit)
