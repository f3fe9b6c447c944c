"""What the environment wishes of `make run`."""

import os
from pathlib import Path

import pytest

from config.env import BASE_DIR, env
from config.run.__main__ import banner
from config.run.startup import LOCAL_LLM_LIMITS, Ready, local_llm_limits
from config.run.wishes import WishError, read_wishes


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in env.scheme:
        monkeypatch.delenv(name, raising=False)


def test_without_any_variable_it_is_as_the_contract_says() -> None:
    wishes = read_wishes()
    assert (wishes.host, wishes.port, wishes.flower_port) == ("127.0.0.1", 8000, 5555)
    assert wishes.data_dir == BASE_DIR / ".data"
    assert (wishes.worker_processes, wishes.worker_threads) == (os.cpu_count(), 100)


@pytest.mark.parametrize(
    ("host", "address", "site"),
    [
        ("0.0.0.0", "127.0.0.1", "localhost"),  # nothing listens there
        ("::", "::1", "localhost"),
        ("::1", "::1", "[::1]"),
        ("127.0.0.1", "127.0.0.1", "127.0.0.1"),
    ],
)
def test_the_printed_address_can_be_opened_and_says_what_opens_it_elsewhere(
    monkeypatch: pytest.MonkeyPatch, host: str, address: str, site: str
) -> None:
    monkeypatch.setenv("HOST", host)
    wishes = read_wishes()
    words = banner(Ready(["founder@demo.example"], "secret", "a model", "fixtures"), wishes)
    assert wishes.address == address
    assert f"http://{site}:8000/" in words
    assert f"http://{site}:5555/" in words, "Flower listens where HOST says, too"
    assert ("ALLOWED_HOSTS" in words) == (site == "localhost")


def test_a_model_on_this_machine_is_asked_by_few_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = tmp_path / "small.gguf"
    model.touch()
    monkeypatch.setenv("LOCAL_LLM", str(model))
    wishes = read_wishes()
    assert (wishes.worker_processes, wishes.worker_threads) == (1, 3)
    monkeypatch.setenv("WORKER_PROCESSES", "2")
    monkeypatch.setenv("WORKER_THREADS", "50")
    wishes = read_wishes()
    assert (wishes.worker_processes, wishes.worker_threads) == (2, 50), "what was wished explicitly holds"


def test_defaults_copied_from_the_example_are_no_wishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for line in (BASE_DIR / ".env.example").read_text().splitlines():
        if line and not line.startswith("#"):
            monkeypatch.setenv(*line.split("=", 1))
    model = tmp_path / "small.gguf"
    model.touch()
    monkeypatch.setenv("LOCAL_LLM", str(model))
    assert local_llm_limits() == LOCAL_LLM_LIMITS
    wishes = read_wishes()
    assert (wishes.worker_processes, wishes.worker_threads) == (1, 3)


def test_a_model_on_this_machine_gets_what_was_wished_explicitly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_CALL_SECONDS", "900")
    monkeypatch.setenv("LLM_FIRST_CONTENT_SECONDS", "")
    assert local_llm_limits() == {
        name: limit for name, limit in LOCAL_LLM_LIMITS.items() if name != "LLM_CALL_SECONDS"
    }, "an empty one is no wish"


def test_the_models_path_and_data_dir_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("small.gguf").touch()
    monkeypatch.setenv("LOCAL_LLM", "small.gguf")
    monkeypatch.setenv("DATA_DIR", "data")
    wishes = read_wishes()
    assert wishes.local_llm == str(tmp_path / "small.gguf"), "the children run in another folder"
    assert wishes.data_dir == tmp_path / "data"


@pytest.mark.parametrize("name", ["PORT", "FLOWER_PORT", "WORKER_PROCESSES", "WORKER_THREADS"])
@pytest.mark.parametrize("value", ["", "many", "1.5"])
def test_what_must_be_a_number_is_named_when_it_is_none(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(WishError, match=f"^{name} must be a whole number, not '{value}'"):
        read_wishes()


@pytest.mark.parametrize(("key", "wish", "expected"), [("", "", True), ("sk", "", False), ("sk", "1", True)])
def test_the_fixture_servers_are_for_those_without_a_key_or_who_want_them(
    monkeypatch: pytest.MonkeyPatch, key: str, wish: str, expected: bool
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    monkeypatch.setenv("DEMO_PROVIDERS", wish)
    assert read_wishes().demo_providers is expected
