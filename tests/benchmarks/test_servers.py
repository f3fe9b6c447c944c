"""The product behind other ASGI servers: each is told where to listen, and what is measured becomes a table."""

import pytest

from benchmarks.extremes import Crowd
from benchmarks.measuring import StreamRun
from benchmarks.servers import Run, tell
from benchmarks.web_servers import READY, web_command


@pytest.mark.parametrize("server", READY)
def test_each_server_serves_the_product_where_it_is_told(server: str) -> None:
    command = web_command(server, 7)
    assert command[0] == {"daphne": "config.run.web", "uvicorn": "uvicorn"}[server]
    assert command[-1] == "config.asgi:application"
    place = command.index("--fd")
    assert command[place + 1] == "7"


def test_another_server_is_not_known() -> None:
    with pytest.raises(KeyError):
        web_command("hypercorn", 7)


def streams(p50: float, unfinished: int = 0) -> StreamRun:
    return StreamRun(
        side="product",
        streams=20,
        viewers=1,
        size=15,
        chunks=400,
        p50=p50,
        p99=9.0,
        first_quarter_p50=p50,
        last_quarter_p50=p50,
        unfinished=unfinished,
        seconds=10.0,
        cpu=5.0,
        cpu_postgres=1.0,
        wal=1.0,
        commits=1.0,
        late_p99=0.0,
        foreign=0.0,
    )


def crowd(finished: int) -> Crowd:
    return Crowd(
        side="product",
        viewers=300,
        waiting=35_000.0,
        memory=40_000.0,
        connections=9,
        finished=finished,
        p50=4.0,
        p99=8.0,
    )


def test_a_line_has_the_medians_of_a_servers_runs_and_whoever_did_not_finish() -> None:
    runs = [Run("daphne", streams(p50), streams(p50 + 10), crowd(300)) for p50 in (2.0, 3.0, 7.0)]
    runs += [Run("uvicorn", streams(1.0, unfinished=2), streams(1.0), crowd(299)) for _ in range(3)]
    daphne, uvicorn = tell(runs).splitlines()[2:]
    assert daphne == "| daphne | 3.00 | 9.00 | 0.50 | 13.00 | 9.00 | 0.50 | 8.00 | 0 |"
    assert uvicorn.endswith(" 9 |")
