"""`docker-compose.yml`, `Dockerfile`, the nginx example and `.env.example` say what the code does.

Nobody can run the containers where these tests run, so the files are read and compared.
"""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.env import BASE_DIR, env
from config.run import children

RUN_ONLY = {"HOST", "DATA_DIR", "WORKER_PROCESSES", "LOCAL_LLM", "DEMO_PROVIDERS", "LISTEN_DATABASE_URL"}
HOST_ONLY = {"PORT", "FLOWER_PORT", "FLOWER_PASSWORD"}  # not for the product inside, but used in the file
COMPOSE_ONLY = {"POSTGRES_PASSWORD", "REDIS_PASSWORD"}
SECRETS = {
    "SECRET_KEY",
    "FIELD_ENCRYPTION_KEYS",
    "REVIEW_SIGNING_KEY",
    "FLOWER_PASSWORD",
    "OPENAI_API_KEY",
} | COMPOSE_ONLY
PRODUCT = {"web", "worker", "beat", "flower", "setup"}
SUBSTITUTION = re.compile(r"(?<!\$)\$\{(\w+)(?::([-?])([^}]*))?\}")


def text(name: str) -> str:
    return (BASE_DIR / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(text("docker-compose.yml"))["services"]
    return loaded


def substituted(value: str) -> str:
    """What Compose makes of a value when only the defaults are there."""
    return SUBSTITUTION.sub(lambda match: match[3] if match[2] == "-" else f"<{match[1]}>", value)


def default(name: str) -> Any:
    return env.scheme[name][1]


def as_text(value: Any) -> str:
    """A default of config/env.py as it would stand in .env."""
    if isinstance(value, bool):
        return str(int(value))
    return "" if value == [] else f"{value:g}" if isinstance(value, float) else str(value)


def example() -> dict[str, str]:
    """The variables of .env.example."""
    return dict(re.findall(r"^([A-Z_]+)=(.*)$", text(".env.example"), re.MULTILINE))


def test_the_example_has_every_variable_with_its_default() -> None:
    expected = {name: as_text(default(name)) for name in env.scheme} | dict.fromkeys(COMPOSE_ONLY, "")
    assert example() == expected


def test_each_variable_of_the_example_has_a_line_of_its_own_that_explains_it() -> None:
    pairs = pairwise(text(".env.example").splitlines())
    assert not [line for before, line in pairs if re.match("[A-Z_]+=", line) and not before.startswith("# ")]


@pytest.mark.parametrize("name", sorted(env.scheme))
def test_the_contract_names_the_variable(name: str) -> None:
    assert f"`{name}`" in text("docs/contract.md"), f"docs/contract.md does not tell people about {name}"


def test_compose_runs_every_part_of_the_product(services: dict[str, Any]) -> None:
    assert set(services) == PRODUCT | {"postgres", "redis"}


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("web", children.serve("0.0.0.0", 8000)),
        ("worker", children.worker("worker", 100)),
        ("beat", children.beat("/tmp/celerybeat-schedule")),
        ("flower", children.flower("0.0.0.0", 5555)),
        ("setup", ("python", "-m", *children.setup())),
    ],
)
def test_compose_has_the_command_lines_of_the_supervisor(
    services: dict[str, Any], service: str, expected: tuple[str, ...]
) -> None:
    assert tuple(map(substituted, services[service]["command"])) == expected


def test_one_of_four_worker_processes_takes_advices_and_all_take_the_rest() -> None:
    assert [number for number in range(1, 9) if children.takes_streams(number)] == [1, 5]
    takes, leaves = children.worker("worker1", 100), children.worker("worker1", 100, streams=False)
    assert [word for word in leaves if word not in takes] == ["-X", "advice"]


def test_the_image_starts_the_web_server_as_compose_does() -> None:
    command = json.loads(text("Dockerfile").rpartition("CMD ")[2])
    assert tuple(command) == children.serve("0.0.0.0", 8000)


@pytest.mark.parametrize("service", sorted(PRODUCT))
def test_every_part_gets_every_variable_with_the_same_default(services: dict[str, Any], service: str) -> None:
    environment = dict(services[service]["environment"])
    environment.pop("FLOWER_BASIC_AUTH", None)
    assert set(environment) == set(env.scheme) - RUN_ONLY - HOST_ONLY
    for name, value in environment.items():
        if match := re.fullmatch(r"\$\{(\w+):-(.*)\}", value):
            assert match.groups() == (name, as_text(default(name)))


def test_every_variable_that_compose_reads_is_explained_in_the_example() -> None:
    used = {match[1] for match in SUBSTITUTION.finditer(text("docker-compose.yml"))}
    assert used - set(example()) == set()


@pytest.mark.parametrize("name", sorted(SECRETS | {"ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS"}))
def test_what_has_no_safe_default_stops_the_start_with_a_message(name: str) -> None:
    uses = [match for match in SUBSTITUTION.finditer(text("docker-compose.yml")) if match[1] == name]
    assert uses, f"{name} is not used"
    assert all(use[2] == "?" and "is missing" in use[3] for use in uses), f"{name} must be demanded everywhere"


def test_every_service_that_stays_is_watched_and_restarted(services: dict[str, Any]) -> None:
    staying = {name: service for name, service in services.items() if name != "setup"}
    assert {service["restart"] for service in staying.values()} == {"unless-stopped"}
    assert all(service["healthcheck"]["test"] for service in staying.values())


def test_nothing_runs_as_root(services: dict[str, Any]) -> None:
    assert re.findall(r"^USER (.*)$", text("Dockerfile").rpartition("FROM")[2], re.MULTILINE) == ["app"]
    assert (services["postgres"]["user"], services["redis"]["user"]) == ("postgres", "redis")
    assert all("user" not in services[name] for name in PRODUCT), "it would override the image's USER"


def test_databases_are_official_images_that_keep_their_data_and_are_not_published(services: dict[str, Any]) -> None:
    for name in ("postgres", "redis"):
        assert re.fullmatch(rf"{name}:\d+", services[name]["image"])
        assert services[name]["volumes"]
        assert "ports" not in services[name]


def test_only_loopback_is_published(services: dict[str, Any]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert len(published) == 2
    assert all(port.startswith("127.0.0.1:") for port in published), "TLS ends in the proxy of this machine"


def test_the_product_waits_for_databases_and_migrations(services: dict[str, Any]) -> None:
    databases = {name: {"condition": "service_healthy"} for name in ("postgres", "redis")}
    after_setup = {"setup": {"condition": "service_completed_successfully"}}
    for name in PRODUCT:
        assert services[name]["depends_on"] == databases | ({} if name == "setup" else after_setup)


def test_the_image_holds_no_secrets_and_no_data() -> None:
    assert {".env", ".data", ".venv", ".git"} <= set(text(".dockerignore").split())


def test_every_copied_path_exists() -> None:
    copied = re.findall(r"^COPY (?!--)(.*) \S+$", text("Dockerfile"), re.MULTILINE)
    assert copied
    assert all((BASE_DIR / path).exists() for line in copied for path in line.split())


class TestNginx:
    """The example for the proxy."""

    def location(self, pattern: str) -> str:
        return text("docs/operating/nginx.conf").partition(f"location {pattern} {{")[2].partition("}")[0]

    def test_braces_are_balanced(self) -> None:
        code = re.sub(r"#.*", "", text("docs/operating/nginx.conf"))
        assert code.count("{") == code.count("}")

    def test_it_passes_websockets(self) -> None:
        server = text("docs/operating/nginx.conf")
        assert "proxy_http_version 1.1;" in server
        assert "proxy_set_header Upgrade $http_upgrade;" in server
        assert "proxy_set_header Connection $connection_upgrade;" in server
        assert self.location("/ws/")

    def test_it_passes_server_sent_events_unbuffered(self) -> None:
        pattern = next(iter(re.findall(r"location ~ (\S+events/stream\S*)", text("docs/operating/nginx.conf"))))
        assert re.match(pattern, "/api/v1/matters/0199-aa/events/stream"), "the contract's address"
        block = self.location(f"~ {pattern}")
        assert "proxy_buffering off;" in block
        assert "gzip off;" in block

    def test_it_waits_longer_than_the_server_is_ever_silent(self) -> None:
        waits = re.findall(r"proxy_read_timeout (\d+)s;", text("docs/operating/nginx.conf"))
        assert len(waits) == 3
        assert min(map(int, waits)) > 30, "a poll may wait 30 s"

    def test_it_lets_documents_through(self) -> None:
        (megabytes,) = re.findall(r"client_max_body_size (\d+)m;", text("docs/operating/nginx.conf"))
        assert int(megabytes) > 20

    def test_it_tells_the_product_that_it_was_https(self) -> None:
        assert "proxy_set_header X-Forwarded-Proto $scheme;" in text("docs/operating/nginx.conf")
        assert "proxy_set_header Host $host;" in text("docs/operating/nginx.conf")


def test_the_paths_named_in_these_files_exist() -> None:
    for name in ("docker-compose.yml", "docs/operating/nginx.conf"):
        for path in re.findall(r"\b(?:docs|config)/[\w/]+\.\w+", text(name)):
            assert Path(BASE_DIR / path).exists(), f"{name} names {path}"
