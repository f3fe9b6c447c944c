"""The system page: what runs, what needs a person, the last hour, and what can be mended from there."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from companies.content_admin import may_operate
from matters.breakers import close_breakers
from matters.going_on import retry_matter
from matters.models import Breaker, ProcessReport
from matters.services import NotAllowed
from playbooks.admin import ReadOnly
from workers.system.history import last_hour
from workers.system.plots import HEIGHT, WIDTH
from workers.system.state import dead_letters, system_state

RETRIED_AT_ONCE = 500  # "Retry all" asks for as many; pressed again it takes the next


@admin.register(ProcessReport)
class SystemAdmin(ReadOnly, admin.ModelAdmin[ProcessReport]):
    """Its list is the system page; whoever may operate matters acts there."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        allowed = may_operate(request)
        if request.method == "POST":
            if not allowed:
                raise PermissionDenied
            return self._act(request)
        context = {
            **self.admin_site.each_context(request),
            "title": "System",
            "opts": self.opts,
            "state": system_state(),
            "plots": last_hour(),
            "width": WIDTH,
            "height": HEIGHT,
            "may_operate": allowed,
        }
        return TemplateResponse(request, "admin/system/page.html", context)

    def _act(self, request: HttpRequest) -> HttpResponse:
        acts: dict[str, Callable[[HttpRequest, str], None]] = {
            "retry": self._retry_one,
            "retry_all": self._retry_all,
            "close": self._close,
        }
        if act := acts.get(request.POST.get("act", "")):
            act(request, request.POST.get("id", ""))
        return redirect(request.path)

    def _retry_one(self, request: HttpRequest, step: str) -> None:
        wanted = dead_letters().filter(pk=step) if step.isdecimal() and len(step) < 19 else dead_letters().none()
        self._retry(request, wanted.values_list("matter", flat=True))

    def _retry_all(self, request: HttpRequest, _step: str) -> None:
        self._retry(request, dead_letters().values_list("matter", flat=True)[:RETRIED_AT_ONCE])

    def _retry(self, request: HttpRequest, matters: Iterable[UUID]) -> None:
        going_on = 0
        for matter in set(matters):
            try:
                going_on += retry_matter(matter)[1]
            except NotAllowed as refusal:
                self.message_user(request, f"{matter}: {refusal}", messages.WARNING)
        self.message_user(request, f"{going_on} matters go on from the step that gave up.")

    def _close(self, request: HttpRequest, key: str) -> None:
        if not Breaker.objects.filter(pk=key).exists():
            self.message_user(request, "That breaker is closed already.")
            return
        steps = close_breakers([key])
        self.message_user(request, f"Calls to {key} are made again; {steps} steps that waited go on.")
