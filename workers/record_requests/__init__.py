"""What each operation requests, and the few values of the answers that it keeps: GET only, at the server's addresses.

The clients build the addresses from ids that the provider gave, never from a model's words. What is not kept is gone.
"""

from typing import Any

from workers.record_requests import carta, rippling
from workers.record_requests.wanted import Wanted
from workers.steps.found_records import Found

__all__ = ["Wanted", "request_records"]
_REQUESTS = {**rippling.REQUESTS, **carta.REQUESTS}


def request_records(wanted: Wanted, client: Any) -> Found:
    """Ask `client`, the one of the operation's provider, for what it needs. Raises ProviderError."""
    request: Any = _REQUESTS[wanted.operation]
    found: Found = request(wanted, client)
    return found
