"""Secrets that must be used again, such as a provider's token: the database holds them sealed and nothing shows them.

Sealed means a Fernet token, by the newest of `FIELD_ENCRYPTION_KEYS`; each of the keys opens. `manage.py
rotate_field_keys` seals everything anew, after which the older keys can go.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.views.decorators.debug import sensitive_variables

_HOW_TO_MAKE_ONE = (
    "Make one with `python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'`."
)


class KeyProblem(ImproperlyConfigured):
    """`FIELD_ENCRYPTION_KEYS` can't be used, or does not open what was sealed. The message says what to do."""


class NoKeyFits(KeyProblem):
    """The keys are good, and none of them is the one that sealed."""


@dataclass(frozen=True, repr=False)
class Sealed:
    """A JSON value that only `open` shows: printed, logged or rendered it is the word `<sealed>`."""

    token: str

    @classmethod
    @sensitive_variables()
    def of(cls, value: Any) -> Self:
        """Seal `value`, which JSON can hold. Raises KeyProblem."""
        return cls(_keys().encrypt(json.dumps(value).encode()).decode())

    @sensitive_variables()
    def open(self) -> Any:
        """The value. Raises NoKeyFits where none of the keys opens it, KeyProblem where they can't be used."""
        try:
            return json.loads(_keys().decrypt(self.token))
        except InvalidToken:
            raise _no_key_fits() from None

    def sealed_anew(self) -> Self:
        """The same value, sealed by the newest key. Raises as `open` does."""
        try:
            return type(self)(_keys().rotate(self.token).decode())
        except InvalidToken:
            raise _no_key_fits() from None

    def __repr__(self) -> str:
        return "<sealed>"


class EncryptedJSONField(models.TextField[Sealed | None, Sealed | None]):
    """A column of `Sealed` values. It takes nothing else, so that no plain value gets there by mistake."""

    def from_db_value(self, value: str | None, expression: object, connection: object) -> Sealed | None:
        """What a row holds."""
        return None if value is None else Sealed(value)

    def to_python(self, value: Any) -> Sealed | None:
        """A value of a form or a fixture, in which a secret is its token."""
        return value if value is None or isinstance(value, Sealed) else Sealed(str(value))

    def get_prep_value(self, value: Any) -> str | None:
        """What the row is to hold. Raises TypeError for what is not sealed."""
        if value is not None and not isinstance(value, Sealed):
            raise TypeError(f"{self.name} takes Sealed.of(…) or None")
        return None if value is None else value.token

    def value_to_string(self, obj: models.Model) -> str:
        """For `dumpdata`: the token, never the secret."""
        return self.get_prep_value(self.value_from_object(obj)) or ""


def encrypted_fields() -> Iterator[tuple[type[models.Model], EncryptedJSONField]]:
    """Every column of every model that holds sealed values."""
    for model in apps.get_models():
        for field in model._meta.local_fields:  # noqa: SLF001 # Django documents it
            if isinstance(field, EncryptedJSONField):
                yield model, field


def check_keys() -> None:
    """Raises KeyProblem where there are no keys, or something among them is none."""
    _keys()


def _keys() -> MultiFernet:
    return _multi_fernet(tuple(key.strip() for key in settings.FIELD_ENCRYPTION_KEYS if key.strip()))


@lru_cache(maxsize=4)
def _multi_fernet(keys: tuple[str, ...]) -> MultiFernet:
    if not keys:
        raise KeyProblem(f"FIELD_ENCRYPTION_KEYS is empty, so no credentials can be stored. {_HOW_TO_MAKE_ONE}")
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError:
        raise KeyProblem(f"FIELD_ENCRYPTION_KEYS has something that is no Fernet key. {_HOW_TO_MAKE_ONE}") from None


def _no_key_fits() -> NoKeyFits:
    return NoKeyFits(
        "None of FIELD_ENCRYPTION_KEYS opens what is stored. Put the key that it was sealed with behind the others "
        "again, start everything anew, and run `manage.py rotate_field_keys` before that key goes."
    )
