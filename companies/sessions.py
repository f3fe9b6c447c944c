"""Sessions as Django's, for cookies that are not."""

from django.conf import settings
from django.contrib.sessions import middleware
from django.http import HttpRequest


class SessionMiddleware(middleware.SessionMiddleware):
    """Looks for no session whose key no row can hold: a quoted cookie may have a NUL, which PostgreSQL refuses."""

    def process_request(self, request: HttpRequest) -> None:
        """Keys of Django's are letters and digits; whoever sends another one is signed out."""
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        request.session = self.SessionStore(key if key.isalnum() else None)
