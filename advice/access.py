"""Whether a caller may read a matter's stream, and still may, asked without Django's ORM thread."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from companies.async_pool import async_pool
from companies.authentication import Principal
from companies.models import Scope


class Guest(NamedTuple):
    """Who reads which matter: by a key, or by a session of the user `user_id`, whose password was this then."""

    credential: tuple[str, str]
    user_id: int | None
    matter: UUID
    password_sha256: str | None = None


async def may_read(principal: Principal, matter: UUID) -> bool:
    """Whether `matter` exists and belongs to one of the caller's companies; the two can't be told apart."""
    if not principal.may(Scope.READ):
        return False
    pool = await async_pool()
    async with pool.connection() as conn:
        found = await conn.execute(
            "SELECT 1 FROM matters_matter WHERE id = %s AND company_id = ANY(%s) AND deleted_at IS NULL",
            [matter, list(principal.companies)],
        )
        return await found.fetchone() is not None


# A matter that is gone shuts nobody out: its stream ends by itself.
_STAY = """
SELECT g.position
  FROM unnest(%(kinds)s::text[], %(values)s::text[], %(users)s::bigint[], %(matters)s::uuid[], %(passwords)s::text[])
       WITH ORDINALITY AS g (kind, value, user_id, matter, password_sha256, position)
  LEFT JOIN matters_matter m ON m.id = g.matter
 WHERE (g.kind = 'key' AND EXISTS (
            SELECT FROM companies_apikey k
             WHERE k.sha256 = g.value AND k.revoked_at IS NULL AND k.scopes @> '["read"]'
               AND (m.id IS NULL OR k.company_id = m.company_id)))
    OR (g.kind = 'session' AND EXISTS (
            SELECT FROM django_session s JOIN companies_user u ON u.id = g.user_id AND u.is_active
             WHERE s.session_key = g.value AND s.expire_date > now()
               AND encode(sha256(convert_to(u.password, 'UTF8')), 'hex') = g.password_sha256
               AND (m.id IS NULL OR EXISTS (
                    SELECT FROM companies_membership b WHERE b.user_id = u.id AND b.company_id = m.company_id))))
"""


async def who_may_stay(guests: Sequence[Guest]) -> set[Guest]:
    """Those of `guests` who would be let in again, in one statement.

    Shut out are revoked keys, ended sessions, deactivated users, those whose password was changed, and those who left
    the matter's company.
    """
    columns = {
        "kinds": [guest.credential[0] for guest in guests],
        "values": [guest.credential[1] for guest in guests],
        "users": [guest.user_id for guest in guests],
        "matters": [guest.matter for guest in guests],
        "passwords": [guest.password_sha256 for guest in guests],
    }
    pool = await async_pool()
    async with pool.connection() as conn:
        rows = await (await conn.execute(_STAY, columns)).fetchall()
    return {guests[position - 1] for (position,) in rows}
