"""What every page shows."""

from django.http import HttpRequest

from advice.notice import demo_notice


def notices(request: HttpRequest) -> dict[str, str]:
    """`demo_notice`: that the demo model answers; empty where another one does."""
    return {"demo_notice": demo_notice()}
