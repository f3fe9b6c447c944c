"""`services.json` in DATA_DIR: where the servers of a running `make run` are found."""

from dataclasses import asdict, dataclass, field
from pathlib import Path

from config.embedded.files import read_json, write_private_json

FILE_NAME = "services.json"


@dataclass(frozen=True)
class Services:
    """Addresses with their passwords, as `postgresql://…` and `redis://…`.

    `variables`: of the model and the providers that were started with them, and of a pooler's direct address, as the
    product's processes have them.
    """

    database_url: str
    redis_url: str
    variables: dict[str, str] = field(default_factory=dict)


def write_services(data_dir: Path, services: Services) -> None:
    """Publishes them for `manage.py` and workers in other terminals (mode 0600)."""
    write_private_json(data_dir / FILE_NAME, asdict(services))


def find_services(data_dir: Path) -> Services | None:
    """The addresses of the `make run` that uses `data_dir`, or None when none is running."""
    kept = read_json(data_dir / FILE_NAME)
    return Services(kept["database_url"], kept["redis_url"], kept.get("variables", {})) if kept else None


def remove_services(data_dir: Path) -> None:
    """Takes the addresses back: the servers have ended."""
    (data_dir / FILE_NAME).unlink(missing_ok=True)
