"""What a web process says of itself to operators."""

from advice.doorkeeper import open_streams
from advice.hub import all_hubs


def numbers() -> dict[str, object]:
    """Open streams by transport, matters that are watched, and the slowest hub's lag in seconds (null: none yet)."""
    hubs = all_hubs()
    lags = [hub.lag for hub in hubs if hub.lag is not None]
    return {
        "open": {transport: open_streams[transport] for transport in ("websocket", "sse")},
        "watched": sum(hub.followed() for hub in hubs),
        "notify_lag": max(lags) if lags else None,
    }
