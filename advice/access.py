"""Whether a caller may read a matter's stream, asked without Django's ORM thread."""

from uuid import UUID

from companies.async_pool import async_pool
from companies.authentication import Principal
from companies.models import Scope


async def may_read(principal: Principal, matter: UUID) -> bool:
    """Whether `matter` exists and belongs to one of the caller's companies; the two can't be told apart."""
    if not principal.may(Scope.READ):
        return False
    pool = await async_pool()
    async with pool.connection() as conn:
        found = await conn.execute(
            "SELECT 1 FROM matters_matter WHERE id = %s AND company_id = ANY(%s)", [matter, list(principal.companies)]
        )
        return await found.fetchone() is not None
