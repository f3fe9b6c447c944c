"""A statement of our own gives the instances that Django's query would."""

import pytest
from django.db import connection
from django.forms import model_to_dict

from companies.models import Company
from companies.postgresql.rows import columns_of, fetch_one
from matters.models import Matter
from tests import rows

# Made of the model's own columns; the id is bound.
BY_ID = f"SELECT {columns_of(Matter, 'm')} FROM matters_matter m WHERE m.id = %(id)s"  # noqa: S608


@pytest.mark.django_db
def test_every_field_is_read_as_django_reads_it(company: Company) -> None:
    matter = rows.submitted(company)
    Matter.objects.filter(pk=matter.pk).update(
        metadata={"case": [1, None, "ä"]}, error={"code": "x", "retryable": True}, model="m"
    )
    ours, django_s = fetch_one(Matter, BY_ID, {"id": matter.pk}), Matter.objects.get(pk=matter.pk)
    assert ours == django_s
    assert model_to_dict(ours) == model_to_dict(django_s)
    assert {f.attname: getattr(ours, f.attname) for f in Matter._meta.concrete_fields} == {
        f.attname: getattr(django_s, f.attname) for f in Matter._meta.concrete_fields
    }


@pytest.mark.django_db
def test_an_instance_can_be_saved_and_read_again(company: Company) -> None:
    matter = fetch_one(Matter, BY_ID, {"id": rows.submitted(company).pk})
    assert matter is not None
    matter.retries = 7
    matter.save(update_fields=["retries"])
    assert Matter.objects.get(pk=matter.pk).retries == 7
    matter.refresh_from_db()
    assert matter.company == company


@pytest.mark.django_db
def test_no_row_is_none() -> None:
    assert fetch_one(Matter, BY_ID, {"id": "00000000-0000-0000-0000-000000000000"}) is None


@pytest.mark.django_db
def test_a_session_plans_a_repeated_statement_once(company: Company) -> None:
    matter = rows.submitted(company)
    for _ in range(4):
        fetch_one(Matter, BY_ID, {"id": matter.pk})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%%FROM matters_matter m WHERE%%'"
        )
        assert cursor.fetchone() == (1,)
