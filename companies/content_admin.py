"""Pages of the admin with what founders wrote or were advised: who may see that, and a line for each that is opened."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

from companies.access import user_of
from companies.content_readings import ContentReading

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = object  # a mixin, in front of the real one

READ_CONTENT, OPERATE = "companies.read_content", "companies.operate_matters"


def may_read_content(request: HttpRequest) -> bool:
    """Whether the caller may see what founders asked, said and were advised."""
    return request.user.has_perm(READ_CONTENT)


def may_operate(request: HttpRequest) -> bool:
    """Whether the caller may retry and stop matters."""
    return request.user.has_perm(OPERATE)


def note_reading(request: HttpRequest, what: str, object_id: object = "") -> None:
    """Leave the line that the caller read `what`."""
    ContentReading.objects.create(by=user_of(request).email, what=what[:80], object_id=str(object_id)[:64])


class OnlyWithContent(ModelAdmin):
    """Rows that are content as a whole: without the right to it they are not there. Also for inlines."""

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_view_permission(request, obj) and may_read_content(request)


class NotesReading(ModelAdmin):
    """Whoever opens a list or a row leaves a line, if the page shows them content.

    `content_fields`, `content_columns`, `content_search`: what only those see, and search in, who may read content.
    """

    content_fields: ClassVar[tuple[str, ...]] = ()
    content_columns: ClassVar[tuple[str, ...]] = ()
    content_search: ClassVar[tuple[str, ...]] = ()

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return _without(super().get_list_display(request), self.content_columns, request)

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        return _without(super().get_search_fields(request), self.content_search, request)

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> list[str]:
        hidden = () if may_read_content(request) else self.content_fields
        return [*(super().get_exclude(request, obj) or ()), *hidden]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response: HttpResponse = super().changelist_view(request, extra_context)
        self._note(request, response)
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        response: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        self._note(request, response, object_id)
        return response

    def _note(self, request: HttpRequest, response: HttpResponse, object_id: str = "") -> None:
        if response.status_code == 200 and may_read_content(request):
            note_reading(request, self.opts.label, object_id)


def _without(names: Sequence[Any], content: tuple[str, ...], request: HttpRequest) -> list[Any]:
    return [name for name in names if name not in content or may_read_content(request)]
