"""A variable that can't be used is told by one line at the start of every process of the product."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from config.env import WishError, env, read_dotenv
from config.run import children
from tests.databases import ROOT

PASSWORD = "Zaunkoenig"
SECONDS = [name for name in env.scheme if name.endswith("_SECONDS") and name != "LLM_CACHE_SECONDS"]  # 0 is off there
PROCESSES = {
    "web": children.web("--port", "0"),
    "worker": children.worker("worker", 1),
    "beat": children.beat("/dev/null"),
    "flower": children.flower("127.0.0.1", 0),
    "setup": children.setup(),
    "make run": ("config.run",),
    "serve": children.serve("127.0.0.1", 0)[2:],
    "probe": ("config.run.probe", "8000", "/readyz"),
    "manage.py": ("manage", "check"),
}


@pytest.fixture
def _nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in env.scheme:
        monkeypatch.delenv(name, raising=False)


def started(process: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return started_in(ROOT, process, **variables)


def started_in(checkout: Path, process: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = children.with_this_python(PROCESSES[process])
    return subprocess.run(
        command, cwd=checkout, env=os.environ | variables, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("process", PROCESSES)
def test_every_process_ends_with_one_line_that_names_the_variable(process: str) -> None:
    done = started(process, RETENTION_DAYS="abc")
    assert done.stderr == "RETENTION_DAYS must be a whole number, not 'abc'.\n"
    assert (done.returncode, done.stdout) == (1, "")


def test_several_that_are_wrong_are_told_at_once_a_line_for_each() -> None:
    done = started("web", DEBUG="maybe", SWEEP_SECONDS="0")
    assert [line.split()[0] for line in done.stderr.splitlines()] == ["DEBUG", "SWEEP_SECONDS"]


@pytest.mark.parametrize("process", ["web", "worker", "setup", "manage.py"])
@pytest.mark.parametrize("name", ["SECRET_KEY", "FIELD_ENCRYPTION_KEYS"])
def test_a_server_without_its_keys_does_not_start(process: str, name: str) -> None:
    done = started(process, **{name: "", "DATA_DIR": "/nonexistent"})
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{name} is not set")
    assert done.returncode == 1


@pytest.mark.parametrize("process", ["web", "serve", "worker", "beat", "flower", "setup"])
@pytest.mark.parametrize("names", [["DATABASE_URL"], ["REDIS_URL"], ["DATABASE_URL", "REDIS_URL"]], ids="+".join)
def test_a_server_without_an_address_does_not_start_and_has_a_line_for_each(process: str, names: list[str]) -> None:
    done = started(process, DATA_DIR="/nonexistent", **dict.fromkeys(names, ""))
    expected = [f"{name} is not set, and no `make run` is running on /nonexistent: do one of them." for name in names]
    assert done.stderr.splitlines() == expected
    assert (done.returncode, done.stdout) == (1, "")


def test_where_there_is_no_database_nothing_is_sealed_so_no_key_is_asked_for() -> None:
    assert started("manage.py", FIELD_ENCRYPTION_KEYS="", DATABASE_URL="", DATA_DIR="/nonexistent").returncode == 0


@pytest.mark.parametrize(
    ("name", "values"),
    [
        *((name, ["0", "-1", "nan", "inf", "abc", "60s", "1,5"]) for name in SECONDS),
        *((name, ["-1", "1.5", "abc"]) for name in ("API_RATE", "LLM_CACHE_SECONDS", "RETENTION_DAYS", "PORT")),
        ("RETENTION_DAYS", ["36501", "9" * 5000]),
        ("STUCK_MINUTES", ["-0.1", "nan"]),
        ("WORKER_THREADS", ["0", "-1"]),
        ("WORKER_PROCESSES", ["-1"]),
        ("PORT", ["0", "65536"]),
        ("FLOWER_PORT", ["0", "65536"]),
        *((name, ["maybe", "2", "enabled"]) for name in ("DEBUG", "STAFF_MFA_REQUIRED", "WEBHOOK_ALLOW_PRIVATE")),
        ("CSRF_TRUSTED_ORIGINS", ["legal.example.org", "https://a.example/", "https://", "https://a,b", "https://a:70000"]),
        ("ALLOWED_HOSTS", ["https://legal.example.org", "legal.example.org:8000"]),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", ["nonsense", "127.0.0.1:4318", "ftp://collector"]),
        ("EMAIL_URL", ["mail.example.org", "mail.example.org:587", "post://mail.example.org"]),
        ("DATABASE_URL", ["nonsense", "mysql://127.0.0.1/app", "postgresql://127.0.0.1:70000/app"]),
        ("DATABASE_URL", ["postgresql://", "postgresql://127.0.0.1:5432", "postgresql://127.0.0.1/?pool=0"]),
        ("LISTEN_DATABASE_URL", ["postgresql://127.0.0.1:5432"]),
        ("REDIS_URL", ["nonsense", "http://127.0.0.1", "redis://127.0.0.1:70000"]),
        ("REDIS_URL", ["redis://127.0.0.1/abc", "redis://127.0.0.1/-1", "redis://127.0.0.1/1/2", "redis://127.0.0.1//1"]),
        ("LLM_PRICES", ["garbage", "[]"]),
        ("DATA_DIR", ["~", "~/matterstream", "~someone/data"]),
    ],
)  # fmt: skip
def test_what_can_not_be_used_is_refused_with_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, values: list[str]
) -> None:
    for value in values:
        monkeypatch.setenv(name, value)
        with pytest.raises(WishError, match=rf"^{name} must be ") as refused:
            env(name)
        assert value in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REVIEW_SIGNING_KEY", PASSWORD),
        ("REVIEW_SIGNING_KEY", "A" * 43 + "=," + PASSWORD),
        ("FIELD_ENCRYPTION_KEYS", PASSWORD),
        ("DATABASE_URL", f"mysql://app:{PASSWORD}@127.0.0.1/app"),
        ("DATABASE_URL", f"host=127.0.0.1 password={PASSWORD}"),
        ("REDIS_URL", f"redis://:{PASSWORD}@127.0.0.1:abc"),
        ("EMAIL_URL", f"smtp://me:{PASSWORD}@mail.example.org:abc"),
        ("CSRF_TRUSTED_ORIGINS", f"https://me:{PASSWORD}@legal.example.org"),
        ("EMAIL_URL", f"smtp://:{PASSWORD}"),
        ("EMAIL_URL", f"me:1{PASSWORD}"),
        ("REDIS_URL", f"redis://:1{PASSWORD}/0"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", f"collector:{PASSWORD}@example.org"),
    ],
)
def test_a_value_that_may_be_a_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(WishError, match=f"^{name} must be ") as refused:
        env(name)
    assert PASSWORD not in str(refused.value)


@pytest.mark.usefixtures("_nothing_set")
@pytest.mark.parametrize("name", sorted(name for name, variable in env.scheme.items() if variable.may_be_empty))
def test_an_empty_variable_counts_as_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, " ")
    assert env(name) == env.scheme[name].default


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        *((name, "0", 0) for name in ("API_RATE", "LLM_CACHE_SECONDS", "RETENTION_DAYS", "STUCK_MINUTES")),
        *(("REDIS_URL", url, url) for url in ("redis://127.0.0.1", "redis://127.0.0.1/", "rediss://a.org:1/15?b=c")),
        ("DATABASE_URL", "postgresql://?service=legal", "postgresql://?service=legal"),
        ("WORKER_PROCESSES", "0", 0),
        ("STEP_LEASE_SECONDS", "0.5", 0.5),
        *(("DEBUG", word, True) for word in ("1", "true", "Yes", "on", "ok")),
        *(("DEBUG", word, False) for word in ("0", "false", "No", "off")),
        ("ALLOWED_HOSTS", "*, .example.org,[::1]", ["*", ".example.org", "[::1]"]),
        ("CSRF_TRUSTED_ORIGINS", "https://a.org, http://b:80", ["https://a.org", "http://b:80"]),
        ("CSRF_TRUSTED_ORIGINS", "https://*.a.org", ["https://*.a.org"]),
        ("DATABASE_URL", "postgresql:///app?host=/run/postgresql", "postgresql:///app?host=/run/postgresql"),
        ("DATABASE_URL", "postgres://a:1,b:2/app?pool=0", "postgres://a:1,b:2/app?pool=0"),
        ("REVIEW_SIGNING_KEY", "A" * 43 + "=", ["A" * 43 + "="]),
        ("SECRET_KEY", "$y7k#p(2", "$y7k#p(2"),
        ("SECRET_KEY", "$$PATH", "$$PATH"),
        ("FLOWER_PASSWORD", "$PATH", "$PATH"),
    ],
)
def test_what_can_be_used_is_read_as_meant(monkeypatch: pytest.MonkeyPatch, name: str, value: str, read: Any) -> None:
    monkeypatch.setenv(name, value)
    assert env(name) == read
    env.check()


class TestDotenv:
    """What `.env` may have."""

    @pytest.fixture
    def dotenv(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        for name in ("SECRET_KEY", "LLM_MODEL"):
            monkeypatch.setenv(name, "set back after the test")
            monkeypatch.delenv(name)
        return tmp_path / ".env"

    @pytest.mark.parametrize("line", ["$y7k#p(2", "'$y7k#p(2'", '"$y7k#p(2"'])
    def test_a_value_that_begins_with_a_dollar_is_no_other_variable(self, dotenv: Path, line: str) -> None:
        dotenv.write_text(f"SECRET_KEY={line}\n")
        read_dotenv(dotenv)
        assert env("SECRET_KEY") == "$y7k#p(2"

    @pytest.mark.parametrize(
        "line",
        [
            "LLM_MODEL=a model",
            "LLM_MODEL = a model",
            " LLM_MODEL= a model ",
            "\tLLM_MODEL\t=\ta model",
            "export LLM_MODEL=a model",
            "  export  LLM_MODEL = 'a model' ",
            'LLM_MODEL = "a model"',
        ],
    )
    @pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
    @pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["no mark", "byte order mark"])
    def test_a_line_is_read_as_meant(self, dotenv: Path, line: str, end: str, mark: str) -> None:
        text = end.join([line, "# a comment", "  # another", "  ", "SECRET_KEY=#1 = secret"])
        dotenv.write_bytes((mark + text).encode())
        read_dotenv(dotenv)
        assert (env("LLM_MODEL"), env("SECRET_KEY")) == ("a model", "#1 = secret")

    def test_spaces_in_quotes_belong_to_the_value(self, dotenv: Path) -> None:
        dotenv.write_text("LLM_MODEL = ' a model ' \n")
        read_dotenv(dotenv)
        assert env("LLM_MODEL") == " a model "

    def test_the_environment_comes_first(self, dotenv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LLM_MODEL", "a model")
        dotenv.write_text("LLM_MODEL=another\n")
        read_dotenv(dotenv)
        assert env("LLM_MODEL") == "a model"

    @pytest.mark.parametrize(
        "line",
        [
            f"SECRET_KEY: {PASSWORD}",
            f"SECRET_KEY {PASSWORD}",
            f"SECRET-KEY={PASSWORD}",
            f"={PASSWORD}",
            PASSWORD,
            f"SECRET_KEY=\u2028{PASSWORD}",  # what Python, too, takes for the end of a line
        ],
    )
    def test_any_other_line_is_refused_with_its_number_and_never_shown(
        self, dotenv: Path, line: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        dotenv.write_text(f"LLM_MODEL=a\n\n{line}\n# a comment\n{PASSWORD}\n", encoding="utf-8")
        with pytest.raises(WishError) as refused:
            read_dotenv(dotenv)
        first, second = str(refused.value).splitlines()
        assert all(f" of {dotenv} must be NAME=value" in told for told in (first, second))
        assert first.startswith(("Line 3 ", "Line 4 ")), "where the line is"
        assert PASSWORD not in str(refused.value) + caplog.text
        assert "LLM_MODEL" not in os.environ, "nothing is taken from a file that can't be read as a whole"

    @pytest.mark.parametrize(
        ("content", "number"),
        [
            ("LLM_MODEL=a\n# Schlüssel\n".encode("latin-1"), 2),
            ("LLM_MODEL=a\n".encode("utf-16"), 1),
            ("LLM_MODEL=a\n".encode("utf-16-le"), 1),
            (b"LLM_MODEL=a\nSECRET_KEY=b\0c\n", 2),
        ],
        ids=["Latin-1", "UTF-16", "UTF-16 without its mark", "NUL"],
    )
    def test_what_is_not_utf_8_is_refused_with_the_first_such_line(
        self, dotenv: Path, content: bytes, number: int
    ) -> None:
        dotenv.write_bytes(content)
        with pytest.raises(WishError) as refused:
            read_dotenv(dotenv)
        assert str(refused.value) == f"Line {number} of {dotenv} must be text in UTF-8, without NULs: save the file so."

    def test_one_that_is_no_file_is_refused(self, dotenv: Path) -> None:
        dotenv.mkdir()
        with pytest.raises(WishError, match=rf"^{dotenv} can't be read: Is a directory\.$"):
            read_dotenv(dotenv)

    @pytest.mark.parametrize("process", PROCESSES)
    def test_every_process_ends_with_one_line_that_names_the_place(self, tmp_path: Path, process: str) -> None:
        shutil.copytree(ROOT / "config", tmp_path / "config", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "manage.py", tmp_path)
        (tmp_path / ".env").write_text(f"# a comment\nSECRET_KEY: {PASSWORD}\n")
        done = started_in(tmp_path, process)
        (line,) = done.stderr.splitlines()
        assert line.startswith(f"Line 2 of {tmp_path / '.env'} must be NAME=value")
        assert PASSWORD not in line
        assert (done.returncode, done.stdout) == (1, "")
