"""The breaker: a refused key or an unknown model fails every call, so after the first no more are made.

While it is open, calls are refused here, which parks their steps and lets their matters say what they wait for. Once a
minute one call gets through as a probe; a person's Retry has the next one do so at once. When a probe succeeds, all
waiting steps are due.

Each model has a breaker of its own, too. What becomes of calls to a model that only a company named opens that one
alone: a key that a gateway gives for some models, or credit for some, is no reason to refuse everybody's calls.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from companies.staff import tell_staff
from matters.breakers import close_breakers, keys_of
from matters.language_models import installed_models
from matters.models import Breaker
from workers.clients.llm import Call, Code, LLMClient, LLMError, NotAsked, Reply, Stream
from workers.clients.llm.client import Messages
from workers.outage import note_failure

logger = logging.getLogger(__name__)
PROBE = timedelta(seconds=60)
# The provider's own words may repeat a prompt, so they are in the row alone, for who may read content.
_LOOK = (
    "The system page of the admin closes it once that is mended. What the provider said is in the admin, under "
    "breakers, for who may read content."
)
# The request itself was refused, so key and model were good.
_LOOKED_AT = frozenset({Code.BAD_REQUEST, Code.CONTEXT_OVERFLOW, Code.CONTENT_FILTER})
LOOK_SECONDS = 1.0  # for so long is a breaker that was seen closed taken to be so
_NAMED = (
    "The language model that this matter asks for can't be used here. Stop the matter and ask again without naming a "
    "model, or have our staff look at it. Nothing of yours is lost."
)


class GuardedClient(LLMClient):
    """The model's client behind the breaker."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._closed_until: dict[str, float] = {}  # by model; of the installed ones, for companies may name any number

    def complete(
        self, messages: Messages, *, model: str, schema_name: str, schema: Mapping[str, Any], call: Call
    ) -> Reply:
        """As LLMClient's; raises NotAsked while the breaker is open."""
        probing = self._pass(model)
        try:
            reply = super().complete(messages, model=model, schema_name=schema_name, schema=schema, call=call)
        except LLMError as error:
            self._take_failure(model, error, probing)
            raise
        if probing:
            self._take_success(model)
        return reply

    def stream(self, messages: Messages, *, model: str, call: Call) -> Stream:
        """As LLMClient's; raises NotAsked while the breaker is open."""
        probing = self._pass(model)
        try:
            stream = super().stream(messages, model=model, call=call)
        except LLMError as error:
            self._take_failure(model, error, probing)
            raise
        if probing:
            self._take_success(model)
        return stream

    def _pass(self, model: str) -> bool:
        """Whether this call is the probe of an open breaker. Raises NotAsked where it may not be made."""
        now = time.monotonic()
        if now < self._closed_until.get(model, 0.0):
            return False
        if model in self._closed_until:  # the others need not look, too: a hundred threads come at once
            self._closed_until[model] = now + LOOK_SECONDS
        try:
            probing = pass_breaker(model)
        except NotAsked:
            self._closed_until.pop(model, None)
            raise
        finally:
            connection.close()
        if probing:
            self._closed_until.pop(model, None)
        elif model in installed_models():
            self._closed_until[model] = time.monotonic() + LOOK_SECONDS
        return probing

    def _take_success(self, model: str) -> None:
        with _answer_kept():
            close_breaker(model)

    def _take_failure(self, model: str, error: LLMError, probing: bool) -> None:
        if probing and error.code in _LOOKED_AT:
            self._take_success(model)
        if not error.opens_breaker:
            return
        self._closed_until.pop(model, None)
        with _answer_kept():
            open_breaker(model, error)


@contextmanager
def _answer_kept() -> Iterator[None]:
    """What the model said is not lost, nor left off the record, with a database that does not take what it means for
    the breaker: the next call tells that again. The connection is given back."""
    try:
        yield
    except DatabaseError as error:
        note_failure()
        logger.warning("a breaker stays as it was, for the database is away: %s", error)
    finally:
        connection.close()


def pass_breaker(model: str) -> bool:
    """False: closed. True: open, and this call is the probe. Raises NotAsked with the time until the next probe."""
    _provider, own = keys_of(model)
    # Its own first: what that holds back must not use a probe of the provider up.
    rows = sorted(Breaker.objects.filter(pk__in=keys_of(model)), key=lambda row: row.pk != own)
    for row in rows:
        if not Breaker.objects.filter(pk=row.pk, probe_at__lte=Now()).update(probe_at=Now() + PROBE):
            wait = max(1.0, (row.probe_at - timezone.now()).total_seconds())
            error = NotAsked(Code(row.code), f"the breaker is open: {row.detail}", retry_after=min(wait, 60.0))
            if row.pk == own and model not in installed_models():
                error.message = _NAMED
            raise error
    return bool(rows)


def open_breaker(model: str, error: LLMError) -> None:
    """Keep further calls away: everybody's where an installed model shows that the key is refused or the account empty,
    else those of `model`; whoever named it is told that by the error's message."""
    provider, own = keys_of(model)
    is_installed = model in installed_models()
    if not is_installed:
        error.message = _NAMED
    key = provider if is_installed and error.code != Code.UNKNOWN_MODEL else own
    fields = {"code": error.code, "detail": error.detail, "probe_at": Now() + PROBE}
    with transaction.atomic():
        _row, is_new = Breaker.objects.get_or_create(pk=key, defaults=fields)
        if key == own:  # which says nothing of the provider: another model's call may probe that at once
            Breaker.objects.filter(pk=provider).update(probe_at=Now())
        if not is_new:  # what is refused now may not be what was refused then
            Breaker.objects.filter(pk=key).exclude(code=error.code).update(code=error.code, detail=error.detail)
        if is_new and is_installed:
            logger.error("the breaker %s is open: %s", key, error.code)
            tell_staff("open breaker", f"Matterstream: no calls to {key}", f"{error.code}. {_LOOK}")
        elif is_new:  # no word of a company's in a log, and no e-mail in place of one that concerns everybody
            logger.warning("the breaker of a model that a company named is open: %s", error.code)


def close_breaker(model: str) -> None:
    """A probe of `model` got through: every step that waits for the provider is due."""
    close_breakers(keys_of(model))
