"""The fake model's server: which path does what, and the list of calls."""

import asyncio
import dataclasses
import json
import time
from typing import Any

from tests.fakes.llm.completions import Completion, Record
from tests.fakes.llm.connection import Connection, Request
from tests.fakes.llm.settings import Chooser, Fault, Settings
from tests.fakes.llm.streamed import StreamedAnswer
from tests.fakes.llm.whole import WholeAnswer

EXCERPT = 400  # code points kept from either end of a prompt


class Server:
    def __init__(self) -> None:
        self._chooser = Chooser(Settings())
        self._calls: list[Record] = []
        self._in_flight = 0
        self._most_in_flight = 0

    async def listen(self, host: str, port: int) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: Connection(self._handle), host, port, backlog=2048)

    async def _handle(self, connection: Connection, request: Request) -> None:
        path = request.path.partition("?")[0]
        if path.startswith("/_control"):
            self._control(connection, request, path)
        elif path.endswith("/chat/completions") and request.method == "POST":
            await self._complete(connection, request)
        elif path.endswith("/models"):
            self._list_models(connection, request)
        else:
            connection.send_json(404, {"error": {"message": f"no {path} here", "type": None, "code": None}})

    # The model

    async def _complete(self, connection: Connection, request: Request) -> None:
        body = json.loads(request.body)
        completion, record = self._begin(connection, request, body)
        self._in_flight += 1
        self._most_in_flight = max(self._most_in_flight, self._in_flight)
        try:
            await completion.answer()
        except asyncio.CancelledError:
            record.aborted = True
            raise
        finally:
            self._in_flight -= 1
            record.ended = time.time()

    def _begin(self, connection: Connection, request: Request, body: dict[str, Any]) -> tuple[Completion, Record]:
        settings = self._chooser.settings
        name = _name_of(body)
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        fault = self._chooser.fault_for(name)
        if settings.key not in (None, key):
            fault = Fault("unauthorised")
        prompt = "\n".join(str(message.get("content")) for message in body["messages"])
        excerpt = prompt if len(prompt) <= 2 * EXCERPT else f"{prompt[:EXCERPT]} … {prompt[-EXCERPT:]}"
        record = Record(
            number=len(self._calls), name=name, model=body["model"], key=key, prompt=excerpt, began=time.time(),
            fault=fault.kind if fault else None,
            client_port=connection.transport.get_extra_info("peername")[1],
            request=_in_short(body),
        )  # fmt: skip
        self._calls.append(record)
        answer = StreamedAnswer if body.get("stream") else WholeAnswer
        return answer(connection, body, prompt, settings, fault, record), record

    def _list_models(self, connection: Connection, request: Request) -> None:
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._chooser.settings.key not in (None, key):
            connection.send_json(401, {"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}})
        else:
            connection.send_json(200, {"object": "list", "data": [{"id": "fake-model", "object": "model"}]})

    # The tests

    def _control(self, connection: Connection, request: Request, path: str) -> None:
        try:
            connection.send_json(200, self._controlled(request, path))
        except (TypeError, ValueError, KeyError) as error:
            connection.send_json(400, {"error": str(error)})

    def _controlled(self, request: Request, path: str) -> Any:
        if path == "/_control/calls":
            return [dataclasses.asdict(record) for record in self._calls]
        if path == "/_control/reset":
            self._chooser, self._calls = Chooser(Settings()), []
            self._most_in_flight = self._in_flight
        elif path == "/_control/forget_calls":
            self._calls = []
        elif path == "/_control/fail_next":
            more = self._chooser.settings.changed({"fail_next": json.loads(request.body)}).fail_next
            self._chooser.settings.fail_next.extend(more)
        elif request.method == "POST":
            self._chooser = Chooser(self._chooser.settings.changed(json.loads(request.body)))
        return {"calls": len(self._calls), "in_flight": self._in_flight, "most_in_flight": self._most_in_flight}


def _in_short(body: dict[str, Any]) -> dict[str, Any]:
    """The request without its messages and its schema, which would make a list of thousands of calls heavy."""
    short = {name: value for name, value in body.items() if name != "messages"}
    if "json_schema" in short.get("response_format", {}):
        wanted = {name: value for name, value in body["response_format"]["json_schema"].items() if name != "schema"}
        short["response_format"] = {**body["response_format"], "json_schema": wanted}
    return short


def _name_of(body: dict[str, Any]) -> str:
    if body.get("stream"):
        return "stream"
    name: str = body.get("response_format", {}).get("json_schema", {}).get("name", "text")
    return name
