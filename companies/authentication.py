"""Who asks: a program with an API key, or a person with the page's session.

An `Authorization` header is looked at first, and alone decides where it is there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.http.cookie import parse_cookie
from django.utils.crypto import constant_time_compare

from companies.async_pool import async_pool
from companies.models import Company, Scope, User, hash_token
from companies.postgresql.rows import fetch_rows, read_json


@dataclass(frozen=True)
class Principal:
    """A caller. `credential` names the key or session, to look whether it still stands: its kind and value.

    `password_sha256`: of the user's password hash when the session was looked at; a change of it ends all sessions.
    """

    companies: tuple[UUID, ...]
    scopes: frozenset[str]
    credential: tuple[str, str]
    user_id: int | None = None
    password_sha256: str | None = None

    def may(self, scope: Scope) -> bool:
        """Whether the caller has `scope`."""
        return scope in self.scopes


def bearer_token(header: str | None) -> str | None:
    """The token of an `Authorization` header; None where there is no header, "" where it is no Bearer token."""
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


_KEY = "SELECT company_id, scopes, sha256 FROM companies_apikey WHERE sha256 = %(sha256)s AND revoked_at IS NULL"


def principal_of_request(request: HttpRequest) -> Principal | None:
    """The caller of a synchronous request; None where there is none."""
    token = bearer_token(request.headers.get("Authorization"))
    if token is not None:
        rows = fetch_rows(_KEY, {"sha256": hash_token(token)})
        return _key_principal(rows[0][0], read_json(rows[0][1]), rows[0][2]) if rows else None
    if not (request.session.session_key or "").isalnum() or isinstance(request.user, AnonymousUser):
        return None
    companies = tuple(Company.objects.filter(memberships__user=request.user).values_list("pk", flat=True))
    return _session_principal(request.user.pk, request.user.password, companies, request.session.session_key or "")


async def principal_of_headers(authorization: str | None, cookies: str | None) -> Principal | None:
    """The caller of a stream, by its headers, without Django's ORM thread. None where there is none."""
    token = bearer_token(authorization)
    if token is not None:
        row = await _fetch_one(_KEY, {"sha256": hash_token(token)})
        return _key_principal(*row) if row else None
    return await _principal_of_session(cookies)


async def _principal_of_session(cookies: str | None) -> Principal | None:
    """The same checks as Django's `get_user`: the session lives, its user is active, its hash fits the password."""
    session_key = parse_cookie(cookies or "").get(settings.SESSION_COOKIE_NAME, "")
    if not session_key.isalnum():  # as all of Django's are; a quoted cookie may hold a NUL
        return None
    row = await _fetch_one(
        "SELECT session_data FROM django_session WHERE session_key = %(key)s AND expire_date > now()",
        {"key": session_key},
    )
    session: dict[str, Any] = SessionStore().decode(row[0]) if row else {}
    if SESSION_KEY not in session or session.get(BACKEND_SESSION_KEY) not in settings.AUTHENTICATION_BACKENDS:
        return None
    row = await _fetch_one(
        """SELECT u.id, u.password, array_remove(array_agg(m.company_id), NULL) FROM companies_user u
             LEFT JOIN companies_membership m ON m.user_id = u.id
            WHERE u.id = %(user)s AND u.is_active GROUP BY u.id""",
        {"user": int(session[SESSION_KEY])},
    )
    if row is None:
        return None
    user_id, password, companies = row
    if not constant_time_compare(session.get(HASH_SESSION_KEY, ""), User(password=password).get_session_auth_hash()):
        return None
    return _session_principal(user_id, password, tuple(companies), session_key)


async def _fetch_one(sql: str, parameters: Mapping[str, object]) -> Any:
    pool = await async_pool()
    async with pool.connection() as conn:
        return await (await conn.execute(sql, parameters)).fetchone()


def _key_principal(company: UUID, scopes: list[str], sha256: str) -> Principal:
    return Principal((company,), frozenset(scopes), ("key", sha256))


def _session_principal(user_id: int, password: str, companies: tuple[UUID, ...], session_key: str) -> Principal:
    scopes, credential = frozenset({Scope.READ, Scope.WRITE}), ("session", session_key)
    return Principal(companies, scopes, credential, user_id, hash_token(password))
