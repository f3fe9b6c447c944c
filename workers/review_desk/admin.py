"""The review desk's pages: the queue, a matter on one page, what a reviewer does there, and the editor."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.timesince import timesince
from django.views.decorators.http import require_POST

from advice.models import Attempt, DeskItem
from advice.review import desk
from advice.review.api import review_file
from advice.review.keys import NoKey
from companies.access import user_of
from companies.content_admin import NotesReading, OnlyWithContent, note_reading
from companies.models import User
from matters.services import NotAllowed
from playbooks.admin import ReadOnly
from workers.review_desk.doubts import doubts_of
from workers.review_desk.editing import edit_as_new_version
from workers.review_desk.forms import ActForm, EditForm, reviewers
from workers.review_desk.page import desk_page
from workers.review_desk.queue import UNSUPPORTED, StandFilter, desk_items, listed, stale_since

REVIEW = "advice.review_advice"
SAID = {
    "take": "It is yours to review.",
    "give_back": "Others can take it now.",
    "approve": "Approved: the founder sees your name and the badge.",
    "send_back": "Sent back: the founder reads your reasons.",
    "withdraw": "The approval is withdrawn: the founder reads your reasons.",
    "comment": "The comment is saved.",
}


class ReassignForm(ActionForm):
    """Beside the choice of an action: to whom."""

    to = forms.ChoiceField(required=False, label="to")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = [(str(user.pk), desk.name_of(user)) for user in reviewers()]
        self.fields["to"] = forms.ChoiceField(required=False, label="to", choices=[("", "me"), *people])


class DeskList(ChangeList):
    """The queue: what it shows is read of the rows of one page alone, however many wait."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        page = list(self.result_list.values_list("pk", flat=True))
        shown = listed(self.root_queryset).in_bulk(page)
        self.result_list = [shown[pk] for pk in page if pk in shown]


@admin.register(DeskItem)
class DeskAdmin(NotesReading, OnlyWithContent, ReadOnly, admin.ModelAdmin[DeskItem]):
    """Advice that waits for a reviewer, longest first."""

    list_display = ("asked", "company", "age", "doubts", "waiting_since", "stands")
    list_filter = (StandFilter, "matter__company__tier")
    search_fields = ("matter__id", "matter__question", "matter__company__slug")
    search_help_text = "Words from a question, a matter's id, or a company"
    ordering = ("ended_at",)
    list_per_page = 50
    actions = ("take", "reassign")
    action_form = ReassignForm

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {"title": "Review desk", **(extra_context or {})})

    def get_queryset(self, request: HttpRequest) -> QuerySet[DeskItem]:
        return desk_items(super().get_queryset(request))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return DeskList

    def has_review_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(REVIEW)

    @admin.display(description="Question", ordering="matter__question")
    def asked(self, item: Any) -> str:
        return str(item.question)

    @admin.display(description="Company, tier", ordering="matter__company__tier")
    def company(self, item: DeskItem) -> str:
        return f"{item.matter.company}, {item.matter.company.get_tier_display()}"

    @admin.display(ordering="matter__submitted_at")
    def age(self, item: DeskItem) -> str:
        return timesince(item.matter.submitted_at, timezone.now(), depth=1)

    @admin.display(description="Look closer at", ordering=UNSUPPORTED)
    def doubts(self, item: Any) -> str:
        return ", ".join(doubts_of(item, item.unsupported, item.has_sources)) or "nothing found"

    @admin.display(ordering="ended_at")
    def waiting_since(self, item: DeskItem) -> str:
        since = stale_since(item) or item.ended_at
        return timesince(since, timezone.now(), depth=1) if since else ""

    @admin.display(description="Review", ordering="review__state")
    def stands(self, item: DeskItem) -> str:
        review = getattr(item, "review", None)
        if review is None or review.reviewer is None:
            return "free"
        if stale_since(item):
            return f"stale, was approved by {review.reviewed_by}"
        return f"{review.get_state_display()}, {desk.name_of(review.reviewer)}"

    @admin.action(description="Take: assign the selected ones to me", permissions=["review"])
    def take(self, request: HttpRequest, queryset: QuerySet[DeskItem]) -> None:
        self._each(request, queryset, lambda pk: desk.take(pk, user_of(request)), "is yours")

    @admin.action(description="Reassign the selected ones", permissions=["review"])
    def reassign(self, request: HttpRequest, queryset: QuerySet[DeskItem]) -> None:
        wanted = request.POST.get("to") or str(request.user.pk)
        to = next((user for user in reviewers() if str(user.pk) == wanted), None)
        if to is None:
            messages.error(request, "Choose somebody who can review.")
            return
        self._each(request, queryset, lambda pk: desk.hand_over(pk, to), f"is with {desk.name_of(to)}")

    def _each(
        self, request: HttpRequest, queryset: QuerySet[DeskItem], act: Callable[[int], object], done: str
    ) -> None:
        for item in list(queryset):
            try:
                act(item.pk)
                messages.success(request, f"{item.matter} {done}.")
            except NotAllowed as refusal:
                messages.warning(request, f"{item.matter}: {refusal}")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/act/", view(require_POST(self.act)), name="advice_deskitem_act"),
            path("<int:pk>/edit/", view(self.edit), name="advice_deskitem_edit"),
            path("<int:pk>/review.json", view(self.download), name="advice_deskitem_badge"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The matter on one page."""
        response = self._page(request, self._item(request, object_id))
        self._note(request, response, object_id)
        return response

    def act(self, request: HttpRequest, pk: int) -> HttpResponse:
        """What a reviewer does; where that is not possible the page says why, with what they typed."""
        item, form = self._item(request, pk, to_review=True), ActForm(request.POST)
        if not form.is_valid():
            return self._page(request, item, refused=_first_error(form), typed=request.POST, status=400)
        try:
            _do(pk, user_of(request), **form.cleaned_data)
        except (NotAllowed, NoKey) as refusal:
            return self._page(request, item, refused=str(refusal), typed=request.POST, status=409)
        messages.success(request, SAID[form.cleaned_data["act"]])
        return redirect("admin:advice_deskitem_change", pk)

    def edit(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The editor; what it saves is a new version, and in review by whoever saved it."""
        item = self._item(request, pk, to_review=True)
        form = EditForm(request.POST or None, initial={"text": item.text})
        if request.method == "POST" and form.is_valid():
            try:
                edited = edit_as_new_version(pk, user_of(request), form.cleaned_data["text"])
            except NotAllowed as refusal:
                form.add_error("text", str(refusal))
            else:
                messages.success(request, f"Version {edited.version} is written, and yours to review.")
                return redirect("admin:advice_deskitem_change", edited.pk)
        note_reading(request, "the review desk's editor", pk)
        context = self._context(request, item) | {"form": form, "title": "Edit as a new version"}
        return TemplateResponse(request, "admin/review_desk/edit.html", context, status=400 if form.errors else 200)

    def download(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Advice and badge, as founders can download them."""
        item = self._item(request, pk)
        file = review_file(item)
        if file is None:
            raise Http404("Nobody has approved this advice.")
        note_reading(request, "advice with its badge", pk)
        return file

    def _item(self, request: HttpRequest, pk: str | int, *, to_review: bool = False) -> Attempt:
        if not self.has_view_permission(request) or (to_review and not self.has_review_permission(request)):
            raise PermissionDenied
        item: Attempt | None = self.get_object(request, str(pk))
        if item is None:
            raise Http404("There is no such advice, or its content was removed.")
        return item

    def _page(
        self, request: HttpRequest, item: Attempt, *, refused: str = "", typed: Any = None, status: int = 200
    ) -> HttpResponse:
        context = self._context(request, item) | {
            "page": desk_page(item, user_of(request)),
            "may_review": self.has_review_permission(request),
            "refused": refused,
            "typed": typed or {},
            "title": f"Review: {item.matter}, {item}",
        }
        return TemplateResponse(request, "admin/review_desk/page.html", context, status=status)

    def _context(self, request: HttpRequest, item: Attempt) -> dict[str, Any]:
        return self.admin_site.each_context(request) | {
            "opts": self.opts,
            "item": item,
            "queue": reverse("admin:advice_deskitem_changelist"),
        }


def _do(pk: int, user: User, *, act: str, seen: str, passage: str, words: str) -> None:
    """Raises NotAllowed, NoKey."""
    acts: dict[str, Callable[[], object]] = {
        "take": lambda: desk.take(pk, user),
        "give_back": lambda: desk.give_back(pk, user),
        "approve": lambda: desk.approve(pk, user, seen),
        "send_back": lambda: desk.send_back(pk, user, words),
        "withdraw": lambda: desk.withdraw(pk, user, words),
        "comment": lambda: desk.comment(pk, user, passage, words),
    }
    acts[act]()


def _first_error(form: forms.Form) -> str:
    return next(f"{name}: {errors[0]}" for name, errors in form.errors.items())
