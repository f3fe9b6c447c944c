"""The same journey with model servers that nobody here wrote."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.processes import Installation, free_port, wait_until
from tests.test_journey import answer_all, poll_all, submit, text_of, wait_for_status

pytestmark = pytest.mark.xdist_group("llmock")


@pytest.fixture(scope="module")
def llmock_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """LLMock, a server of others that speaks the same protocol (https://pypi.org/project/llmock/)."""
    port = free_port()
    log = tmp_path_factory.mktemp("llmock") / "llmock.log"
    binary = str(Path(sys.executable).parent / "llmock")
    command = [binary, "serve", "--port", str(port), "--stream-chunk-delay-ms", "20"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        url = f"http://127.0.0.1:{port}/v1"
        wait_until(lambda: _answers(url), "LLMock answers")
        yield url
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/models").status_code < 500
    except httpx2.HTTPError:
        return False


def test_llmock_takes_a_question_to_advice(llmock_url: str, tmp_path: Path) -> None:
    with Installation(
        tmp_path, OPENAI_BASE_URL=llmock_url, LLM_MODEL="gpt-4o-mini", LLM_ADVICE_MODEL="gpt-4o"
    ) as product:
        matter = submit(product)
        reached = wait_for_status(product, matter, "awaiting_founder", "advised")
        while reached["status"] != "advised":  # whoever answers nonsense is asked a second time
            answer_all(product, matter)
            reached = wait_for_status(product, matter, "awaiting_founder", "advised")
        advice = product.api.get(f"/api/v1/matters/{matter}/advice").json()
        assert advice["content"] == text_of(poll_all(product, matter)) != ""
        assert advice["status"] == "complete"
        assert product.llm.calls() == [], "the project's own fake was asked"
