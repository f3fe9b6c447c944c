"""The parts of a matter's page that change: rendered for the whole page, and again as fragments over the socket.

Each part is one element with an id. `data-state` says what it shows: an element whose state has not changed is left
alone by the page, so that nobody loses what they are typing.
"""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from advice.markup import advice_html
from advice.page import Dispute, MatterPage, read_page
from matters.facts.offering import offer_of
from matters.forms import CURRENCIES, AnswerForm
from matters.models import Question
from matters.states import QuestionStatus
from matters.waits import Clock, in_words

__all__ = ["advice_html", "render_fragments", "render_regions"]

PARTS = (
    "stage",
    "problem",
    "answered",
    "advice_head",
    "advice_contents",
    "advice_files",
    "advice_actions",
    "advice_feedback",
    "advice_foot",
    "live",
)
_PROGRESS = ("stages", "steps", "stop", "waits")  # parts of their own: Stop must not be swapped under the finger


@dataclass(frozen=True)
class Unsettled:
    """What a person typed to settle a fact, and why it was not taken."""

    fact: UUID
    value: str
    unit: str
    message: str


# The script sends the token of the page's own request; a form that works without the script needs it inside.
_TOKEN_HERE = SafeString("<!--token-->")


def render_fragments(matter_id: UUID) -> str:
    """All parts as they stand now, one after the other. A text that streams is left out: it comes as deltas."""
    page = read_page(matter_id)
    return "".join(render_regions(page, with_text=not page.is_streaming).values())


def render_regions(
    page: MatterPage,
    request: HttpRequest | None = None,
    invalid: AnswerForm | None = None,
    unsettled: Unsettled | None = None,
    refused_file: str = "",
    with_text: bool = True,
) -> dict[str, SafeString]:
    """Every part by its name. `invalid`: an answer that was sent and not taken, to be shown with its errors.

    `unsettled`: the same of a dispute. `refused_file`: why a file that was sent was not taken. `with_text`: whether
    that of the advice is one.
    """
    field = '<input type="hidden" name="csrfmiddlewaretoken" value="{}">'
    token = format_html(field, get_token(request)) if request else ""
    regions = {name: _part(name, page) for name in PARTS}
    documents = {name: _part(f"documents_{name}", page, refused=refused_file) for name in ("list", "form")}
    regions["documents"] = _render("documents", page=page, **documents)
    # Of one who watches, the script counts the seconds; a page without it says how long it was when it was made.
    elapsed = _render("elapsed", page=page, so_far=_so_far(page.clock) if request and page.clock else "")
    regions["progress"] = _render("progress", inner=[*(_part(name, page) for name in _PROGRESS), elapsed])
    regions["disputes"] = _render(
        "disputes", page=page, cards=[_dispute(page, each, unsettled) for each in page.disputes]
    )
    regions["questions"] = _questions(page, invalid)
    if with_text:
        regions["advice_text"] = _advice_text(page)
    return {name: mark_safe(html.replace(_TOKEN_HERE, token)) for name, html in regions.items()}  # noqa: S308


def _so_far(clock: Clock) -> str:
    now = timezone.now()
    return f"{in_words(now - clock.began)} so far, {in_words(now - clock.changed)} at this stage"


def _part(name: str, page: MatterPage, **context: object) -> SafeString:
    """A part whose state is what it shows."""
    html = _render(name, page=page, **context)
    state = hashlib.sha256(html.encode()).hexdigest()[:16]
    return mark_safe(html.replace('data-state=""', f'data-state="{state}"', 1))  # noqa: S308


def _questions(page: MatterPage, invalid: AnswerForm | None) -> SafeString:
    cards = [part for question in page.cards for part in (_card(page, question, invalid), *_beside(page, question))]
    around = {name: _part(f"questions_{name}", page) for name in ("head", "fetching")}
    return _render("questions", page=page, cards=cards, **around)


def _card(page: MatterPage, question: Question, invalid: AnswerForm | None) -> SafeString:
    form = invalid if invalid is not None and invalid.question.pk == question.pk else None
    given = {name: form.data.get(name, "") for name in ("answer", "words", "currency")} if form else {}
    offer = offer_of(question)
    return _render("card", page=page, question=question, form=form, given=given, currencies=CURRENCIES, offer=offer)


def _dispute(page: MatterPage, dispute: Dispute, unsettled: Unsettled | None) -> SafeString:
    mine = unsettled if unsettled is not None and unsettled.fact == dispute.line.pk else None
    return _render("dispute", page=page, dispute=dispute, unsettled=mine)


def _beside(page: MatterPage, question: Question) -> list[SafeString]:
    """What stands behind a question's card: apart from it, so that what is typed there stays when it comes."""
    if question.status != QuestionStatus.AWAITING_FOUNDER:
        return []
    proposal = [_part("proposal", page, question=question)] if question.proposal else []
    searches = page.own_searches.get(question.pk)
    attached = [_part("attached", page, question=question, searches=searches)] if searches else []
    attach = [_part("attach", page, question=question)] if page.can_attach else []
    assign = [_part("assign", page, question=question)] if len(page.colleagues) > 1 else []
    return [*proposal, *attached, *attach, *assign]


def _advice_text(page: MatterPage) -> SafeString:
    attempt = page.attempt
    html = advice_html(page.text, attempt.sources, attempt.facts, page.checks) if attempt else ""
    return _render("advice_text", page=page, html=html)


def _render(name: str, **context: object) -> SafeString:
    return render_to_string(f"advice/_{name}.html", {**context, "token": _TOKEN_HERE})
