"""E-mail whose failure is logged and breaks nothing."""

import logging
from collections.abc import Sequence

from django.core.mail import send_mail
from django.db import transaction

logger = logging.getLogger(__name__)


def send_after_commit(subject: str, text: str, addresses: Sequence[str]) -> None:
    """Send `text` to each of `addresses` once the transaction commits."""
    if addresses:
        transaction.on_commit(lambda: send(subject, text, addresses), robust=True)


def send(subject: str, text: str, addresses: Sequence[str]) -> bool:
    """Send `text` to each of `addresses` now; False: it could not be sent, and the log says why."""
    try:
        send_mail(subject, text, None, list(addresses))
    except OSError as error:  # smtplib's errors are OSErrors too
        logger.error("an e-mail could not be sent: %s", error)
        return False
    return True
