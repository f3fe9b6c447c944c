"""Two people who change a company at the same moment, each in a transaction of their own."""

import pytest
from django.db import connection, transaction

from companies.members import ChangeRefused, accept, create_company, invite, withdraw
from companies.models import Company, Invitation, Membership, User
from tests.config.waiting import wait_until
from tests.threads import in_background

pytestmark = pytest.mark.django_db(transaction=True)
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"


def somebody_waits_for_us() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(WAITING)
        return bool(cursor.fetchone()[0])


@pytest.mark.parametrize("meanwhile", ["withdrawn", "invited anew as a member"])
def test_whoever_joins_while_their_invitation_ends_does_not_join_by_it(
    company: Company, founder: User, meanwhile: str
) -> None:
    token = invite(company, founder, "new@acme.example", "owner")
    user = User.objects.create_user("new@acme.example")
    with transaction.atomic():
        Company.objects.select_for_update().get(pk=company.pk)
        joining = in_background(lambda: accept(token, user))
        wait_until(somebody_waits_for_us, "whoever joins does not wait for the company")
        if meanwhile == "withdrawn":
            withdraw(Invitation.objects.get(), founder)
        else:
            invite(company, founder, "new@acme.example", "member")
    with pytest.raises(ChangeRefused, match="is no longer valid"):
        joining.result(timeout=30)
    assert not Membership.objects.filter(user=user).exists(), "the invitation had ended"


def test_two_companies_of_one_name_that_sign_up_at_once_both_come_to_be() -> None:
    first, second = (User.objects.create_user(f"{name}@example.com") for name in ("first", "second"))
    with transaction.atomic():
        create_company("Zeta, Inc.", first)
        creating = in_background(lambda: create_company("Zeta, Inc.", second))
        wait_until(somebody_waits_for_us, "the second one does not wait for what the first one makes")
    assert creating.result(timeout=30).name == "Zeta, Inc."
    assert Company.objects.filter(name="Zeta, Inc.").values("slug").distinct().count() == 2
