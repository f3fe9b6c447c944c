"""Share links: what a stranger sees by one, how it is made and ended, and that it ends for good."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from pytest_django import Settings

from advice.models import ShareLink
from advice.sharing.links import MOST_LINKS, TOKEN_LENGTH
from companies.models import ApiKey, Company
from matters.models import Matter
from tests.pages.conftest import Write
from workers.pruning import prune_next

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quiet(settings: Settings) -> None:
    settings.STATIC_ROOT = None


@pytest.fixture
def api(company: Company) -> Client:
    return Client(headers={"Authorization": f"Bearer {ApiKey.issue(company, ['read', 'write'])[1]}"})


def make(api: Client, matter: Matter, **body: Any) -> Any:
    return api.post(f"/api/v1/matters/{matter.pk}/shares", json.dumps(body), content_type="application/json")


def path_of(made: Any) -> str:
    assert made.status_code == 201, made.content
    found = re.search(r"/shared/[\w-]+/$", made.json()["url"])
    assert found
    return found[0]


def words_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_a_stranger_reads_the_advice_and_finds_no_way_further(api: Client, matter: Matter, write: Write) -> None:
    write("Pay **at once** [P1] to [F1]. <script>alert(1)</script>", checks=[("[P1]", "exact")])
    response = Client().get(path_of(make(api, matter)))
    html = words_of(response)
    for part in (
        "May we let our CTO go?",
        "<strong>at once</strong>",
        "Not legal advice.",
        "In California final wages are due",
        "Where does the executive work?",
        "quoted word for word",
        "Shared by",
        matter.company.name,
    ):
        assert part in html, part
    assert "<script" not in html
    links = set(re.findall(r'<a[^>]* href="([^"]*)"', html))
    assert all(link.startswith("#") for link in links), f"a shared page leads nowhere: {links}"
    assert "<form" not in html
    assert not response.cookies


def test_it_is_not_to_be_indexed_kept_or_referred_to(api: Client, matter: Matter, write: Write) -> None:
    write("Pay.")
    path = path_of(make(api, matter))
    for address in (path, "/shared/nothing/"):
        response = Client().get(address)
        assert "noindex" in response["X-Robots-Tag"]
        assert 'name="robots" content="noindex' in response.content.decode()
        assert response["Referrer-Policy"] == "no-referrer"
        assert "no-store" in response["Cache-Control"]
        assert "default-src 'none'" in response["Content-Security-Policy"]


def test_facts_can_be_left_out(api: Client, matter: Matter, write: Write) -> None:
    write("Pay [F1].")
    html = words_of(Client().get(path_of(make(api, matter, facts=False))))
    assert "Where does the executive work?" not in html
    assert "The list of facts was left out" in html


def test_a_link_shows_its_attempt_also_when_a_newer_one_is_there(api: Client, matter: Matter, write: Write) -> None:
    write("The first.")
    path = path_of(make(api, matter))
    Matter.objects.filter(pk=matter.pk).update(version=2)
    write("The second.")
    html = words_of(Client().get(path))
    assert "The first." in html
    assert "The second." not in html


def test_a_link_that_is_not_good_answers_as_one_that_never_was(api: Client, matter: Matter, write: Write) -> None:
    write("Pay.")
    expired, revoked, pruned = (make(api, matter) for _ in range(3))
    ShareLink.objects.filter(pk=expired.json()["id"]).update(expires_at=F("created_at"))
    assert api.delete(f"/api/v1/shares/{revoked.json()['id']}").status_code == 204
    Matter.objects.filter(pk=matter.pk).update(completed_at=F("submitted_at") - timedelta(days=3))
    never = Client().get(f"/shared/{'x' * TOKEN_LENGTH}/")
    assert Client().get(path_of(pruned)).status_code == 200
    assert prune_next(1, set())
    answers = [Client().get(path) for path in (*map(path_of, (expired, revoked, pruned)), "/shared/é/", "/shared/x/")]
    assert "This link does not work" in words_of(never)
    for answer in answers:
        assert (answer.status_code, answer.content) == (404, never.content)


def test_only_the_hash_of_a_token_is_kept_and_its_address_is_shown_once(
    api: Client, matter: Matter, write: Write
) -> None:
    write("Pay.")
    made = make(api, matter)
    token = path_of(made).split("/")[2]
    assert token not in str(ShareLink.objects.values())
    listed = api.get(f"/api/v1/matters/{matter.pk}/shares")
    assert token not in listed.content.decode()
    assert listed.json() == {"items": [{k: v for k, v in made.json().items() if k != "url"}], "next": None}


def test_views_are_counted(api: Client, matter: Matter, write: Write) -> None:
    write("Pay.")
    path = path_of(make(api, matter))
    for _ in range(2):
        Client().get(path)
    (link,) = api.get(f"/api/v1/matters/{matter.pk}/shares").json()["items"]
    assert link["views"] == 2
    assert link["last_seen_at"] is not None


@pytest.mark.parametrize("days", [1, 14, 90])
def test_a_link_is_good_for_as_long_as_was_chosen(api: Client, matter: Matter, write: Write, days: int) -> None:
    write("Pay.")
    path_of(make(api, matter, days=days))
    link = ShareLink.objects.get()
    assert link.expires_at - link.created_at == timedelta(days=days)


def test_what_can_not_be_shared_is_refused(api: Client, matter: Matter, write: Write) -> None:
    assert make(api, matter).status_code == 404, "there is no advice yet"
    write("Half", None)
    assert make(api, matter).status_code == 409, "it is being written"
    for wrong in ({"days": 7}, {"facts": "no"}, {"version": 0}, {"until": "2030"}):
        assert make(api, matter, **wrong).status_code == 400
    assert not ShareLink.objects.exists()


def test_a_matter_has_only_so_many_links(api: Client, matter: Matter, write: Write) -> None:
    write("Pay.")
    link = ShareLink.objects.get(pk=make(api, matter).json()["id"])
    fields = {"attempt": link.attempt, "created_at": link.created_at, "expires_at": link.expires_at}
    ShareLink.objects.bulk_create(ShareLink(sha256=str(n), **fields) for n in range(MOST_LINKS - 1))
    assert make(api, matter).status_code == 409


def test_a_foreign_matter_or_link_answers_as_a_missing_one(
    api: Client, matter: Matter, write: Write, foreign_matter: Matter
) -> None:
    write("Pay.")
    share = make(api, matter).json()["id"]
    rival = Client(headers={"Authorization": f"Bearer {ApiKey.issue(foreign_matter.company, ['read', 'write'])[1]}"})
    assert make(rival, matter).status_code == 404
    assert rival.get(f"/api/v1/matters/{matter.pk}/shares").status_code == 404
    assert rival.delete(f"/api/v1/shares/{share}").status_code == 404
    assert ShareLink.objects.get().revoked_at is None


def test_a_key_that_may_only_read_ends_no_link(api: Client, matter: Matter, write: Write) -> None:
    write("Pay.")
    share = make(api, matter).json()["id"]
    reader = Client(headers={"Authorization": f"Bearer {ApiKey.issue(matter.company, ['read'])[1]}"})
    assert reader.delete(f"/api/v1/shares/{share}").status_code == 403
    for _ in range(2):
        assert api.delete(f"/api/v1/shares/{share}").status_code == 204


def test_a_founder_makes_and_ends_a_link_without_javascript(page: Client, matter: Matter, write: Write) -> None:
    attempt = write("Pay.")
    sent = {"version": attempt.version, "attempt": attempt.number, "days": 14, "without_facts": "on"}
    html = page.post(f"/matters/{matter.pk}/share/", sent, follow=True).content.decode()
    (path,) = re.findall(r'value="http://testserver(/shared/[^"]+)"', html)
    assert path not in page.get(f"/matters/{matter.pk}/").content.decode(), "it is shown again"
    assert Client().get(path).status_code == 200
    link = ShareLink.objects.get()
    assert not link.facts
    assert link.created_by is not None
    (revoke,) = re.findall(r'action="(/matters/[^"]+/revoke/)"', page.get(f"/matters/{matter.pk}/").content.decode())
    assert page.post(revoke).status_code == 302
    assert Client().get(path).status_code == 404
    assert "revoke/" not in page.get(f"/matters/{matter.pk}/").content.decode()


def test_pages_of_sharing_are_the_companys_own(
    page: Client, foreign_matter: Matter, matter: Matter, write: Write
) -> None:
    attempt = write("Pay.")
    sent = {"version": attempt.version, "attempt": attempt.number, "days": 5}
    assert page.post(f"/matters/{foreign_matter.pk}/share/", sent).status_code == 404
    assert page.post(f"/matters/{matter.pk}/share/", sent).status_code == 400
    assert page.post(f"/matters/{matter.pk}/shares/{attempt.matter_id}/revoke/").status_code == 404
