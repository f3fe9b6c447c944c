"""The words of an e-mail about a matter: a link, and of what it says no more than the question that somebody was given.

They are made when it is sent, from the rows as they are then.
"""

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from companies.models import Membership
from companies.unsubscribing import unsubscribe_link
from matters.models import Matter
from matters.notices import Notice, NoticeKind
from matters.presence import Presence
from matters.states import ENDED, MatterStatus, QuestionStatus, WaitingFor

_SUBJECTS = {
    NoticeKind.ASKED: "A question for you on Matterstream",
    NoticeKind.DAY: "A reminder from Matterstream: your answer is waited for",
    NoticeKind.THREE_DAYS: "A second reminder from Matterstream: your answer is waited for",
    NoticeKind.WAITS: "Your matter on Matterstream waits for you",
    NoticeKind.READY: "Your advice on Matterstream is ready",
    NoticeKind.FAILED: "Your matter on Matterstream has stopped",
}
_ASKED = "{by} asks you to answer a question of a legal matter:"
_STILL = "This question of a legal matter still waits for your answer:"
_ANYBODY = "Anybody of your company may answer it; the first answer counts."
_WAITS = "The matter that you asked about on {asked:%-d %B %Y} waits for you. Once answered, it goes on by itself."
_READY = "The advice on the matter that you asked about on {asked:%-d %B %Y} is written."
_FAILED = (
    "The matter that you asked about on {asked:%-d %B %Y} stopped because of a fault. What was gathered and answered "
    "is kept. Its page says more, and there you can have it go on."
)
_BEGINS = {NoticeKind.READY: _READY, NoticeKind.FAILED: _FAILED}
_END = "You are sent this since you use Matterstream. To be sent no more of these:\n{link}\n"


def word_notice(notice: Notice) -> EmailMessage | None:
    """The e-mail, which needs nothing but sending; None where it is not needed, or not wished, any more."""
    if not _is_needed(notice):
        return None
    unsubscribe = unsubscribe_link(notice.user)
    headers = {"Auto-Submitted": "auto-generated", "Message-ID": f"<{notice.pk}@{_domain()}>"}
    text = _text(notice)
    if notice.kind != NoticeKind.ASKED:
        headers |= {"List-Unsubscribe": f"<{unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        text += f"\n-- \n{_END.format(link=unsubscribe)}"
    return EmailMessage(_SUBJECTS[NoticeKind(notice.kind)], text, to=[notice.user.email], headers=headers)


def _is_needed(notice: Notice) -> bool:
    user, matter = notice.user, notice.matter
    member = Membership.objects.filter(user=user, company=matter.company_id).exists()
    if not (member and user.is_active) or matter.pruned_at is not None or matter.deleted_at is not None:
        return False
    if notice.kind != NoticeKind.ASKED and not user.matter_mail:
        return False
    return _still_asked(notice) if notice.question else _still_so(notice, matter)


def _still_asked(notice: Notice) -> bool:
    question = notice.question
    assert question is not None
    asked = question.status not in (QuestionStatus.ANSWERED, QuestionStatus.UNKNOWN, QuestionStatus.NORMALISING)
    return asked and question.assigned_to_id == notice.user_id and notice.matter.status not in ENDED


def _still_so(notice: Notice, matter: Matter) -> bool:
    has_looked = Presence.objects.filter(matter=matter, user=notice.user_id, seen_until__gte=notice.created_at)
    if notice.kind in (NoticeKind.WAITS, NoticeKind.READY, NoticeKind.FAILED) and has_looked.exists():
        return False
    if notice.kind == NoticeKind.FAILED:
        return matter.status == MatterStatus.FAILED and f"{matter.version}.{matter.retries}" == notice.occasion
    if notice.kind == NoticeKind.READY:
        return matter.status == MatterStatus.ADVISED and str(matter.version) == notice.occasion
    return matter.waiting_for in (WaitingFor.FOUNDER, WaitingFor.CONFLICT)


def _text(notice: Notice) -> str:
    link = settings.SITE_URL + reverse("advice:matter", args=[notice.matter_id])
    if question := notice.question:
        begins = _ASKED.format(by=notice.by or "Your company") if notice.kind == NoticeKind.ASKED else _STILL
        words = question.wording.strip() or question.text
        return f"{begins}\n\n    {words}\n\n{link}#card-{question.pk}\n\n{_ANYBODY}\n"
    begins = _BEGINS.get(NoticeKind(notice.kind), _WAITS)
    return f"{begins.format(asked=notice.matter.submitted_at)}\n\n{link}\n"


def _domain() -> str:
    return settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ") or "localhost"
