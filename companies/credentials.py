"""What a connection's sealed column holds, by its method. Printed, none of it shows."""

import time
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from companies.encryption import Sealed

DUE_BEFORE = 120.0  # seconds: an access token is fetched anew so long before its end, so that no call meets it


@dataclass(frozen=True)
class Credentials:
    """`token`: an API token, or an access token that ends at `ends_at` (Unix time; None: not known) and is replaced by
    the `refresh_token`, or by `client_id` and `client_secret`."""

    token: str = field(default="", repr=False)
    ends_at: float | None = None
    client_id: str = field(default="", repr=False)
    client_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)

    def is_due(self) -> bool:
        """Whether the access token must be fetched anew before it is used."""
        return not self.token or (self.ends_at is not None and self.ends_at < time.time() + DUE_BEFORE)

    def renewable(self) -> bool:
        """Whether there is a way to another token but asking a person."""
        return bool(self.refresh_token or self.client_secret)

    def with_token(self, token: str, lives: float | None, refresh_token: str | None) -> Self:
        """With a new access token that lives for `lives` seconds; a refresh token may come with it, or stay."""
        ends_at = None if lives is None else time.time() + lives
        return replace(self, token=token, ends_at=ends_at, refresh_token=refresh_token or self.refresh_token)

    def sealed(self) -> Sealed:
        """As it is stored. Raises KeyProblem."""
        return Sealed.of(asdict(self))

    @classmethod
    def opened(cls, sealed: Sealed) -> Self:
        """What was stored. Raises KeyProblem."""
        kept: dict[str, Any] = sealed.open()
        return cls(**kept)
