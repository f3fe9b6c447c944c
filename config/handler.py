"""Django's handler of HTTP, with a request's middleware and view in one thread, one after another."""

from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIHandler


class OneThreadHandler(ASGIHandler):
    """Django's own goes back to the event loop for each view, and brings it, and each look of a middleware at it, to
    the thread again (docs/adr/0006 has what that costs)."""

    _middleware_chain: Any

    def load_middleware(self, is_async: bool = False) -> None:
        """Build the chain as WSGI has it; a view that is a coroutine runs in the event loop, and its thread waits."""
        super().load_middleware(is_async=False)
        self._middleware_chain = sync_to_async(self._middleware_chain, thread_sensitive=True)
