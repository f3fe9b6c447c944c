"""Staff can read the whole library and change none of it."""

import pytest
from django.test import Client
from django.urls import reverse

from playbooks.models import Playbook, PlaybookVersion

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shipped")]


def read(client: Client, name: str, *args: object) -> str:
    response = client.get(reverse(f"admin:playbooks_{name}", args=args))
    assert response.status_code == 200, f"{name} answered {response.status_code}"
    return response.content.decode()


def test_the_list_shows_each_playbook_with_its_version(admin_client: Client) -> None:
    page = read(admin_client, "playbook_changelist")
    for version in PlaybookVersion.objects.all():
        assert version.playbook.slug in page
        assert version.content_hash[:12] in page


def test_a_retired_playbook_says_so(admin_client: Client) -> None:
    PlaybookVersion.objects.filter(playbook__slug="founder-departure").update(is_current=False)
    assert "(retired)" in read(admin_client, "playbook_changelist")


def test_a_playbook_shows_its_versions_with_their_hash(admin_client: Client) -> None:
    version = PlaybookVersion.objects.get(playbook__slug="founder-departure")
    page = read(admin_client, "playbook_change", version.playbook_id)
    assert version.content_hash in page
    assert reverse("admin:playbooks_playbookversion_change", args=[version.pk]) in page


def test_a_version_shows_its_sections_and_no_way_to_save(admin_client: Client) -> None:
    version = PlaybookVersion.objects.get(playbook__slug="founder-departure")
    page = read(admin_client, "playbookversion_change", version.pk)
    assert version.content_hash in page
    assert "Four hats, four endings" in page
    assert 'name="_save"' not in page


def test_a_version_can_not_be_changed_added_or_deleted(admin_client: Client) -> None:
    version = PlaybookVersion.objects.get(playbook__slug="founder-departure")
    for name, args in [("change", [version.pk]), ("delete", [version.pk]), ("add", [])]:
        response = admin_client.post(reverse(f"admin:playbooks_playbookversion_{name}", args=args), {"title": "Other"})
        assert response.status_code == 403, f"{name} answered {response.status_code}"
    assert Playbook.objects.get(slug="founder-departure").current_version == version
