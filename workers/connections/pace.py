"""Carta's documented limits, kept by all workers together before Carta has to refuse: those of one connection each."""

import secrets
import time
from collections.abc import Callable
from uuid import UUID

from workers.buckets import Bucket
from workers.clients.carta import CARTA
from workers.limits import seconds_to_turn
from workers.provider_http import Code
from workers.provider_http.errors import failure

# 10 requests a second and 300 a minute: no second or minute, wherever it begins, sees more than is held and comes in.
IN_A_SECOND = Bucket(capacity=3, per_second=7, most=10)
IN_A_MINUTE = Bucket(capacity=60, per_second=4, most=300)
LONGEST_SECONDS = 30.0  # whoever would wait longer comes again, as after a 429


def carta_pace(connection_id: UUID) -> Callable[[], None]:
    """What a client calls before each request: it waits for its turn. Raises ProviderError `rate_limited`.

    While Redis is away nobody waits, and Carta's own limit alone holds.
    """

    def wait_for_turn() -> None:
        who, came = secrets.randbits(48), time.time()
        gives_up_at = time.monotonic() + LONGEST_SECONDS
        name = f"carta_limit:{connection_id}"
        while (seconds := seconds_to_turn(name, IN_A_SECOND, IN_A_MINUTE, who, came)) > 0:
            if time.monotonic() + seconds > gives_up_at:
                raise failure(CARTA, Code.RATE_LIMITED, retry_after=seconds)
            time.sleep(seconds)

    return wait_for_turn
