"""The environment: every variable the product reads, how it is read and its default, in one table.

`docs/contract.md` names them for people, `.env.example` has a line for each; a test compares the three. At the start of
every process `config/__init__.py` has all of them checked: what is wrong is told before anything is done.
"""

import io
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import environ

from config.addresses import broker, database, hosts, mail_server, origins, web_address
from config.variables import Variable, fernet_keys, folder, number, prices, signing_keys, switch, whole

BASE_DIR = Path(__file__).resolve().parent.parent
LONGEST_RETENTION = 36_500  # days: a hundred years; much longer ago there are no dates
PORTS = "one of 1 to 65535"
SECRET = ("_KEY", "_KEYS", "_SECRET", "_PASSWORD")
ADDRESS = ("_URL", "_ENDPOINT", "_ORIGINS")
# Somebody's password in an address, also in one whose host was forgotten: a colon and no port behind it.
PASSWORD = re.compile(r"@|password|:(?!//|\d*([/?,]|$))", re.IGNORECASE)

SETTING = re.compile(r"(?:export\s+)?(\w+)\s*=\s*(.*)", re.ASCII)
NOT_TEXT = re.compile("[\0\udc80-\udcff]")  # how `surrogateescape` reads a byte that is not UTF-8


class WishError(SystemExit):
    """A variable that can't be used: its line ends the process with 1, whichever it is, unless somebody catches it."""


class Environment:
    """Reads variables by their `scheme`; what it answers is of the right type, and in its range."""

    def __init__(self, scheme: Mapping[str, Variable]) -> None:
        self.scheme = scheme

    def __call__(self, name: str) -> Any:
        """The value of `name`. Raises WishError."""
        variable, text = self.scheme[name], self._text(name)
        if text is None:
            return variable.default
        try:
            return variable.read(text)
        except ValueError as right:
            raise WishError(f"{name} must be {right}{_shown(name, text)}.") from None

    def is_wished(self, name: str) -> bool:
        """Whether somebody chose it. `.env` may be a copy of `.env.example`, whose defaults nobody chose."""
        return bool(self(name) != self.scheme[name].default)

    def check(self) -> None:
        """Raises WishError with a line for each variable that can't be used."""
        wrong = []
        for name in self.scheme:
            try:
                self(name)
            except WishError as error:
                wrong.append(str(error))
        if wrong:
            raise WishError("\n".join(wrong))

    def _text(self, name: str) -> str | None:
        """What is set, as it is; None where that counts as nothing.

        django-environ, which reads `.env` and addresses here, would take a value that begins with `$` for the name of
        another variable.
        """
        text = os.environ.get(name)
        is_wish = text is not None and (text.strip() or not self.scheme[name].may_be_empty)
        return text if is_wish else None


def _shown(name: str, text: str) -> str:
    """The value, but for one that may be a secret: what is said at a start is in logs."""
    is_secret = name.endswith(SECRET) or (name.endswith(ADDRESS) and PASSWORD.search(text))
    return "; what is set may be a secret, and is not shown" if is_secret else f", not {text!r}"


def read_dotenv(path: Path) -> None:
    """Sets the variables of a file of lines NAME=value that the environment does not set.

    Raises WishError with a line for each that is none, nor a comment: django-environ would go on without it, and write
    it into the logs, its secret too.
    """
    settings, wrong = [], []
    for place, line in enumerate(map(str.strip, _text_of(path).splitlines()), start=1):
        if setting := SETTING.fullmatch(line):
            settings.append("=".join(setting.groups()))
        elif line and not line.startswith("#"):
            wrong.append(
                f"Line {place} of {path} must be NAME=value, the name of letters, digits and _, or a comment that "
                "begins with #; what is there may be a secret, and is not shown."
            )
    if wrong:
        raise WishError("\n".join(wrong))
    environ.Env.read_env(io.StringIO("\n".join(settings)))


def _text_of(path: Path) -> str:
    try:
        text = path.read_text("utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise WishError(f"{path} can't be read: {error.strerror}.") from None
    if wrong := NOT_TEXT.search(text):
        place = text.count("\n", 0, wrong.start()) + 1
        raise WishError(f"Line {place} of {path} must be text in UTF-8, without NULs: save the file so.")
    return text


env = Environment(
    {
        "DATABASE_URL": Variable(database, ""),
        "LISTEN_DATABASE_URL": Variable(database, ""),
        "REDIS_URL": Variable(broker, ""),
        "OPENAI_API_KEY": Variable(str, ""),
        "OPENAI_BASE_URL": Variable(web_address, ""),
        "LLM_MODEL": Variable(str, ""),
        "LLM_ADVICE_MODEL": Variable(str, ""),
        "LLM_PLAYBOOK_CHARACTERS": Variable(whole(1), 80_000),
        "LLM_FIRST_CONTENT_SECONDS": Variable(number(above=0), 30.0),
        "LLM_BETWEEN_CONTENTS_SECONDS": Variable(number(above=0), 20.0),
        "LLM_CALL_SECONDS": Variable(number(above=0), 300.0),
        "LLM_REQUESTS_PER_MINUTE": Variable(whole(), 0),
        "LLM_TOKENS_PER_MINUTE": Variable(whole(), 0),
        "LLM_PRICES": Variable(prices, ""),
        "LLM_CACHE_SECONDS": Variable(whole(), 86_400),
        "RIPPLING_BASE_URL": Variable(web_address, "https://rest.ripplingapis.com"),
        "CARTA_BASE_URL": Variable(web_address, "https://api.carta.com"),
        "CARTA_TOKEN_URL": Variable(web_address, "https://login.app.carta.com/o/access_token/"),
        "CARTA_AUTHORIZE_URL": Variable(web_address, "https://login.app.carta.com/o/authorize/"),
        "CARTA_CLIENT_ID": Variable(str, ""),
        "CARTA_CLIENT_SECRET": Variable(str, ""),
        "RIPPLING_AUTHORIZE_URL": Variable(web_address, "https://app.rippling.com/o/authorize"),
        "RIPPLING_TOKEN_URL": Variable(web_address, "https://app.rippling.com/o/token"),
        "RIPPLING_CLIENT_ID": Variable(str, ""),
        "RIPPLING_CLIENT_SECRET": Variable(str, ""),
        "SECRET_KEY": Variable(str, ""),
        "FIELD_ENCRYPTION_KEYS": Variable(fernet_keys, []),
        "REVIEW_SIGNING_KEY": Variable(signing_keys, []),
        "STAFF_MFA_REQUIRED": Variable(switch, False),
        "DEBUG": Variable(switch, False),
        "ALLOWED_HOSTS": Variable(hosts, []),
        "CSRF_TRUSTED_ORIGINS": Variable(origins, []),
        "EMAIL_URL": Variable(mail_server, "consolemail://"),
        "DEFAULT_FROM_EMAIL": Variable(str, "matterstream@localhost"),
        "HOST": Variable(str, "127.0.0.1"),
        "PORT": Variable(
            whole(1, 65_535, f"{PORTS} (set HOST and PORT to what this machine has)"), 8000, may_be_empty=False
        ),
        "FLOWER_PORT": Variable(whole(1, 65_535, PORTS), 5555, may_be_empty=False),
        "FLOWER_PASSWORD": Variable(str, ""),
        "DATA_DIR": Variable(folder, ""),
        "WORKER_PROCESSES": Variable(whole(0, 1_000), 0, may_be_empty=False),
        "WORKER_THREADS": Variable(whole(1, 10_000), 100, may_be_empty=False),
        "STEP_LEASE_SECONDS": Variable(number(above=0), 60.0),
        "SWEEP_SECONDS": Variable(number(above=0), 10.0),
        "API_RATE": Variable(whole(), 1200),
        "RETENTION_DAYS": Variable(whole(0, LONGEST_RETENTION), 90),
        "STUCK_MINUTES": Variable(number(least=0), 15.0),
        "WEBHOOK_ALLOW_PRIVATE": Variable(switch, False),
        "DEMO_PROVIDERS": Variable(switch, False),
        "LOCAL_LLM": Variable(str, ""),
        "OTEL_EXPORTER_OTLP_ENDPOINT": Variable(web_address, ""),
    }
)
if (BASE_DIR / ".env").exists():
    read_dotenv(BASE_DIR / ".env")
