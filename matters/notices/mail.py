"""The words of an e-mail about a matter: a link, and of what it says no more than the question that somebody was given.

They are made when it is sent, from the rows as they are then.
"""

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from companies.models import Membership
from companies.unsubscribing import unsubscribe_link
from matters.models import Matter
from matters.notices.models import Decision, Notice, NoticeKind
from matters.notices.presence import Presence
from matters.progress import newest_advice
from matters.states import ENDED, MatterStatus, QuestionStatus, WaitingFor

_SUBJECTS = {
    NoticeKind.ASKED: "A question for you on Matterstream",
    NoticeKind.DAY: "A reminder from Matterstream: your answer is needed",
    NoticeKind.THREE_DAYS: "A second reminder from Matterstream: your answer is needed",
    NoticeKind.WAITS: "Your matter on Matterstream is waiting for you",
    NoticeKind.READY: "Your advice on Matterstream is ready",
    NoticeKind.FAILED: "Your matter on Matterstream has stopped",
    Decision.APPROVED: "Your advice on Matterstream was reviewed",
    Decision.SENT_BACK: "Your advice on Matterstream was sent back",
    Decision.WITHDRAWN: "Your advice on Matterstream is no longer approved",
    Decision.EDITED: "A reviewer has edited your advice on Matterstream",
}
_ASKED = "{by} asks you to answer a question in a legal matter:"
_STILL = "This question in a legal matter is still waiting for your answer:"
_ANYBODY = "Anyone at your company can answer it; the first answer counts."
_WAITS = "The matter you asked about on {asked:%-d %B %Y} is waiting for you. Once you answer, it continues on its own."
_READY = "The advice on the matter you asked about on {asked:%-d %B %Y} is ready."
_INCOMPLETE = (
    "The advice on the matter you asked about on {asked:%-d %B %Y} is incomplete: the model stopped before the end. "
    "The matter's page has what it wrote, and you can ask for a new version there."
)
_FAILED = (
    "The matter you asked about on {asked:%-d %B %Y} stopped because of an error. Everything gathered and answered so "
    "far is kept. The matter's page says more, and you can retry it there."
)
_APPROVED = "A reviewer has approved the advice on the matter you asked about on {asked:%-d %B %Y}."
_SENT_BACK = (
    "A reviewer has read the advice on the matter you asked about on {asked:%-d %B %Y} and sent it back. The matter's "
    "page says why, and you can ask for a new version there."
)
_WITHDRAWN = (
    "A reviewer has withdrawn the approval of the advice on the matter you asked about on {asked:%-d %B %Y}. The "
    "matter's page says why, and you can ask for a new version there."
)
_EDITED = "A reviewer has written a new version of the advice on the matter you asked about on {asked:%-d %B %Y}."
_BEGINS = {
    NoticeKind.READY: _READY,
    NoticeKind.FAILED: _FAILED,
    Decision.APPROVED: _APPROVED,
    Decision.SENT_BACK: _SENT_BACK,
    Decision.WITHDRAWN: _WITHDRAWN,
    Decision.EDITED: _EDITED,
}
_END = "You get this because you use Matterstream. To stop these e-mails:\n{link}\n"


def word_notice(notice: Notice, decision: Decision | None) -> EmailMessage | None:
    """The e-mail, which needs nothing but sending; None where it is not needed, or not wished, any more.

    `decision`: what a reviewer did last about the matter's advice that stands.
    """
    if not _is_needed(notice, decision):
        return None
    unsubscribe = unsubscribe_link(notice.user)
    headers = {"Auto-Submitted": "auto-generated", "Message-ID": f"<{notice.pk}@{_domain()}>"}
    subject, text = _words(notice, decision)
    if notice.kind != NoticeKind.ASKED:
        headers |= {"List-Unsubscribe": f"<{unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        text += f"\n-- \n{_END.format(link=unsubscribe)}"
    return EmailMessage(subject, text, to=[notice.user.email], headers=headers)


def _is_needed(notice: Notice, decision: Decision | None) -> bool:
    user, matter = notice.user, notice.matter
    member = Membership.objects.filter(user=user, company=matter.company_id).exists()
    if not (member and user.is_active) or matter.pruned_at is not None or matter.deleted_at is not None:
        return False
    if notice.kind != NoticeKind.ASKED and not user.matter_mail:
        return False
    return _still_asked(notice) if notice.question else _still_so(notice, matter, decision)


def _still_asked(notice: Notice) -> bool:
    question = notice.question
    assert question is not None
    asked = question.status not in (QuestionStatus.ANSWERED, QuestionStatus.UNKNOWN, QuestionStatus.NORMALISING)
    return asked and question.assigned_to_id == notice.user_id and notice.matter.status not in ENDED


def _still_so(notice: Notice, matter: Matter, decision: Decision | None) -> bool:
    has_looked = Presence.objects.filter(matter=matter, user=notice.user_id, seen_until__gte=notice.created_at)
    if notice.kind not in (NoticeKind.DAY, NoticeKind.THREE_DAYS) and has_looked.exists():
        return False
    if notice.kind == NoticeKind.REVIEWED:
        return f"{matter.version}.{decision}" == notice.occasion
    if notice.kind == NoticeKind.FAILED:
        return matter.status == MatterStatus.FAILED and f"{matter.version}.{matter.retries}" == notice.occasion
    if notice.kind == NoticeKind.READY:  # what was decided since is told instead
        stands = matter.status == MatterStatus.ADVISED and str(matter.version) == notice.occasion
        return stands and decision in (None, Decision.EDITED)
    return matter.waiting_for in (WaitingFor.FOUNDER, WaitingFor.CONFLICT)


def _words(notice: Notice, decision: Decision | None) -> tuple[str, str]:
    """Subject and text."""
    kind = NoticeKind(notice.kind)
    link = settings.SITE_URL + reverse("advice:matter", args=[notice.matter_id])
    if question := notice.question:
        begins = _ASKED.format(by=notice.by or "Your company") if kind == NoticeKind.ASKED else _STILL
        words = question.wording.strip() or question.text
        return _SUBJECTS[kind], f"{begins}\n\n    {words}\n\n{link}#card-{question.pk}\n\n{_ANYBODY}\n"
    told = decision if decision and kind in (NoticeKind.READY, NoticeKind.REVIEWED) else kind
    is_cut = told == NoticeKind.READY and newest_advice(notice.matter) == "incomplete"
    begins = _INCOMPLETE if is_cut else _BEGINS.get(told, _WAITS)
    return _SUBJECTS[told], f"{begins.format(asked=notice.matter.submitted_at)}\n\n{link}\n"


def _domain() -> str:
    return settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ") or "localhost"
