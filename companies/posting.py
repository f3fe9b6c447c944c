"""Addresses that forms are sent to."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

View = Callable[..., HttpResponse]


def posted(page: str, *ids: str) -> Callable[[View], View]:
    """Only for forms. Whoever opens the address, as after signing in again, is led to the page that has the form.

    `page`: that page's name; `ids`: those parameters of the address that the page's own has, too.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def taken(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method == "POST":
                return view(request, *args, **kwargs)
            return HttpResponseRedirect(reverse(page, kwargs={name: kwargs[name] for name in ids}))

        guarded: View = require_http_methods(["GET", "HEAD", "POST"])(taken)
        return guarded

    return decorate
