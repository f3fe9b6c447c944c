"""Flower beside a running product, and all of its pages."""

from collections.abc import Iterator
from typing import Self

import httpx2

from config.run import children
from tests.processes import START_SECONDS, Installation, Process, free_port, wait_until

_LOGIN = ("flower", "its password")
_TABLE: dict[str, str | int] = {
    "draw": 1,
    "start": 0,
    "length": 10_000,
    "order[0][column]": 0,
    "columns[0][data]": "name",
}


class Flower:
    """`with Flower(product) as flower: flower.pages()`. It knows the tasks of which it has heard since it runs."""

    def __init__(self, product: Installation) -> None:
        self._product, self._port = product, free_port()
        self._client = httpx2.Client(base_url=f"http://127.0.0.1:{self._port}", auth=_LOGIN, timeout=30)

    def __enter__(self) -> Self:
        env = self._product.env | {"FLOWER_BASIC_AUTH": ":".join(_LOGIN)}
        command, log = children.flower("127.0.0.1", self._port), self._product.folder / "flower.log"
        self._process = Process("flower", command, env, log)
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()
        self._process.kill()

    def wait_for_workers(self, count: int) -> None:
        """Until it has heard of so many."""
        wait_until(lambda: self._answers() and len(self._api("workers")) >= count, "Flower sees them", START_SECONDS)

    def tasks(self) -> dict[str, str]:
        """The name of each task that it knows, by the task's id."""
        return {task: str(known["name"]) for task, known in self._api("tasks").items()}

    def pages(self) -> Iterator[tuple[str, str]]:
        """Each page for people and each answer for programs, by its path."""
        listed = ["/workers", "/tasks", "/broker", "/metrics", "/api/workers", "/api/tasks"]
        of_one = [f"/task/{task}" for task in self._api("tasks")] + [f"/worker/{name}" for name in self._api("workers")]
        for path in [*listed, *of_one]:
            yield f"flower {path}", self._client.get(path).raise_for_status().text
        yield "flower's table", self._client.get("/tasks/datatable", params=_TABLE).raise_for_status().text

    def _answers(self) -> bool:
        assert self._process.is_alive(), self._process.log.read_text()[-3000:]
        try:
            return self._client.get("/healthcheck").is_success
        except httpx2.HTTPError:
            return False

    def _api(self, what: str) -> dict[str, dict[str, object]]:
        return dict(self._client.get(f"/api/{what}").raise_for_status().json())
