"""What the fixture servers accept. Given in the environment, for command lines are public."""

import os
from dataclasses import dataclass, fields


class CredentialsError(Exception):
    """A variable is missing; the message names it."""


@dataclass(frozen=True)
class Credentials:
    """Each is the variable of its name in capitals."""

    demo_rippling_token: str
    demo_carta_client_id: str
    demo_carta_client_secret: str
    rippling_client_id: str
    rippling_client_secret: str


def read_credentials() -> Credentials:
    """Those of this environment. Raises CredentialsError."""
    names = [field.name for field in fields(Credentials)]
    if missing := [name.upper() for name in names if not os.environ.get(name.upper())]:
        raise CredentialsError(f"{', '.join(missing)} must be set")
    return Credentials(*(os.environ[name.upper()] for name in names))
