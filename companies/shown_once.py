"""What a person is shown once, on the page that follows and on none after it: an address or a key that was just made.

Until then their own browser keeps it, in a signed cookie; here it is stored nowhere. A reload makes no second one.
"""

from django.contrib import messages
from django.contrib.messages import constants
from django.http import HttpRequest

ONCE = constants.ERROR + 10  # a level of its own; `MESSAGE_TAGS` has its name


def show_once(request: HttpRequest, secret: str, *, said: str) -> None:
    """Have the next page show `secret` behind the sentence `said`."""
    messages.add_message(request, ONCE, secret, extra_tags=said)
