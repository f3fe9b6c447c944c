"""An address narrows a list by what the list offers: any other lookup would tell what its reader does not see."""

import html
import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from matters.models import Event, LLMCall, ProcessReport
from tests.api.test_admin import rows as every_row
from tests.staff.conftest import Staff

__all__ = ["every_row"]
pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("admin roles")]
STAFF = ("support", "operator", "reviewer", "superuser")


def admins() -> list[Any]:
    """All that are registered but the system page, which is no list: it looks at nothing of its address."""
    return [each for model, each in admin.site._registry.items() if model is not ProcessReport]


def lists(browser: Client) -> Iterator[tuple[Any, str]]:
    """Every list that opens for the browser's account, with its address."""
    for each in admins():
        path = reverse(f"admin:{each.opts.app_label}_{each.opts.model_name}_changelist")
        if browser.get(path).status_code == 200:
            yield each, path


@pytest.mark.parametrize("role", STAFF)
def test_a_lookup_by_a_column_that_no_filter_of_the_list_offers_is_refused(role: str, staff: Staff) -> None:
    browser = staff(role)
    browser.raise_request_exception = False
    wrong, refused = [], 0
    for each, path in lists(browser):
        parameters = {getattr(item, "parameter_name", "") for item in each.list_filter}
        offered = {each.opts.pk.name, each.date_hierarchy, *each.list_filter}
        for column in {field.name for field in each.opts.get_fields()} - offered:
            for lookup in {column, f"{column}__startswith", f"{column}__isnull"} - parameters:
                answer = browser.get(path, {lookup: "W"})
                wrong += [f"{path}?{lookup}= {answer.status_code}"] if answer.status_code != 400 else []
                refused += 1
    assert not wrong, f"{role} can guess what a column says:\n" + "\n".join(wrong)
    assert refused > 300, "the lists have columns"


def test_what_a_list_offers_is_no_way_to_the_columns_of_other_rows(staff: Staff) -> None:
    browser = staff("superuser")
    for path in (
        "playbooks/playbookversion/?playbook__slug__startswith=a",
        "playbooks/playbookversion/?playbook__versions__title__startswith=a",
        "advice/review/?pk__attempt__text__startswith=a",
        "advice/deskitem/?unsupported__gt=0",
    ):
        assert browser.get(f"/admin/{path}").status_code == 400, path


def test_no_filter_offers_a_column_that_is_hidden_from_who_may_not_read_content() -> None:
    for each in admins():
        assert set(getattr(each, "content_fields", ())).isdisjoint(each.list_filter), f"{each} offers what it hides"


@pytest.mark.parametrize("role", ["support", "operator"])
def test_no_order_of_a_list_is_by_a_column_that_its_reader_does_not_see(
    role: str, staff: Staff, every_row: None
) -> None:
    browser, asked = staff(role), 0
    for each, path in lists(browser):
        hidden = getattr(each, "content_fields", ())
        for number in range(len(each.list_display) + 1) if hidden else ():
            with CaptureQueriesContext(
                connection,
            ) as queries:
                assert browser.get(path, {"o": f"-{number}"}).status_code == 200
            orders = " ".join(q["sql"].rpartition("ORDER BY")[2] for q in queries if "ORDER BY" in q["sql"])
            assert not [column for column in hidden if f'"{column}"' in orders], f"{path}?o=-{number} {orders}"
            asked += 1
    assert asked, "no list has a column to hide"


def test_every_link_of_every_list_opens(staff: Staff, every_row: None) -> None:
    browser = staff("superuser")
    links = {
        path + html.unescape(link)
        for _, path in lists(browser)
        for link in re.findall(r'href="(\?[^"]+)"', browser.get(path).content.decode())
    }
    for kind in ("__exact=", "__isnull=", "__id__exact=", "__year=", "o=", "review="):
        assert any(kind in link for link in links), f"no list has a link with {kind}"
    wrong = [f"{link}: {answer.status_code}" for link in links if (answer := browser.get(link)).status_code != 200]
    assert not wrong, "\n".join(wrong)


def test_a_row_is_found_by_its_key_in_the_address(staff: Staff, every_row: None) -> None:
    browser = staff("operator")
    for path in ("matters/matter", "matters/step", "matters/breaker"):
        each = next(each for each in admins() if path == f"{each.opts.app_label}/{each.opts.model_name}")
        row = each.model._default_manager.all()[0]
        found = browser.get(f"/admin/{path}/", {f"{each.opts.pk.name}__exact": row.pk}).content.decode()
        assert reverse(f"admin:{path.replace('/', '_')}_change", args=[row.pk]) in found, f"{path} by its key"


def test_a_whole_id_is_looked_up_by_an_index_and_a_part_of_it_is_searched_for(staff: Staff, every_row: None) -> None:
    browser, event = staff("superuser"), Event.objects.all()[0]
    row = reverse("admin:matters_event_change", args=[event.pk])
    for words, by_index in (
        (str(event.matter_id), True),
        (f" {event.matter_id.hex} ", True),
        (str(event.matter_id)[:8], False),
    ):
        with CaptureQueriesContext(connection) as queries:
            found = browser.get("/admin/matters/event/", {"q": words}).content.decode()
        assert row in found, words
        assert by_index != any("::text" in query["sql"] for query in queries), (
            f"{words}: all rows are searched, or none"
        )


def test_words_that_look_like_an_id_are_searched_for_in_every_list(staff: Staff, every_row: None) -> None:
    browser, call = staff("superuser"), LLMCall.objects.all()[0]
    words = str(uuid4())
    LLMCall.objects.filter(pk=call.pk).update(request_id=words)
    for each, path in lists(browser):
        assert browser.get(path, {"q": words} if each.search_fields else {}).status_code == 200, path
    assert (
        reverse("admin:matters_llmcall_change", args=[call.pk])
        in browser.get("/admin/matters/llmcall/", {"q": words}).content.decode()
    )


def test_the_rows_of_a_large_table_are_estimated_and_those_that_a_filter_leaves_are_counted(
    staff: Staff, every_row: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = staff("superuser")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE matters_event")
    estimated, of_a_type = Event.objects.count(), Event.objects.filter(type="advice.started").count()
    Event.objects.latest("pk").delete()
    for up_to, path, shown in (
        (0, "/admin/matters/event/", estimated),
        (0, "/admin/matters/event/?type=advice.started", of_a_type),
        (100_000, "/admin/matters/event/", estimated - 1),
    ):
        monkeypatch.setattr("companies.staff_lists.COUNTED_UP_TO", up_to)
        with CaptureQueriesContext(connection) as queries:
            assert f"{shown} events" in browser.get(path).content.decode(), f"{path} above {up_to} rows"
        counted = sum("COUNT(*)" in query["sql"] for query in queries)
        assert counted == (shown != estimated), f"{path} counts {counted} times"
