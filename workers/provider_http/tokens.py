"""Where a client has its access token from."""

from dataclasses import dataclass, field
from typing import Protocol


class TokenSource(Protocol):
    """Shared by threads. Both may raise ProviderError."""

    def token(self) -> str:
        """One that is good as far as is known."""

    def renew(self, refused: str) -> str:
        """Another one, now that the provider refused `refused`; that itself where there is no other."""


@dataclass(frozen=True)
class FixedToken:
    """An API token, which only a person can replace."""

    value: str = field(repr=False)

    def token(self) -> str:
        return self.value

    def renew(self, refused: str) -> str:
        return refused
