"""Telling staff by e-mail what needs them: at most once an hour for each kind of thing.

What could not be sent is kept, and tried again by `send_unsent`: a mail server that is away uses up no hour.
"""

from datetime import timedelta

from django.db import connection, transaction
from django.db.models.functions import Now

from companies.mail import send
from companies.models import StaffNotice, User

PAUSE = timedelta(hours=1)
UNDER_WAY = timedelta(seconds=30)  # for so long the first try may take

_TAKE = """
INSERT INTO companies_staffnotice (kind, sent_at, subject, text)
VALUES (%(kind)s, clock_timestamp(), %(subject)s, %(text)s)
ON CONFLICT (kind) DO UPDATE SET sent_at = EXCLUDED.sent_at, subject = EXCLUDED.subject, text = EXCLUDED.text
 WHERE companies_staffnotice.sent_at < EXCLUDED.sent_at - make_interval(secs => %(pause)s)
RETURNING kind
"""


def tell_staff(kind: str, subject: str, text: str) -> None:
    """Send `text`, which has no word of a founder's, to all staff once the transaction commits. Failures are logged."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"kind": kind, "subject": subject[:200], "text": text, "pause": PAUSE.total_seconds()})
        if cursor.fetchone() is None:
            return
    transaction.on_commit(lambda: _send(StaffNotice.objects.get(pk=kind)), robust=True)


def send_unsent() -> int:
    """Try again what could not be sent; returns how many notices went out."""
    waiting = StaffNotice.objects.filter(sent_at__lt=Now() - UNDER_WAY).exclude(text="")
    return sum(_send(notice) for notice in waiting)


def _send(notice: StaffNotice) -> bool:
    addresses = list(User.objects.filter(is_staff=True, is_active=True).values_list("email", flat=True))
    subject, text = notice.subject, notice.text
    if addresses and not send(subject, text, addresses):
        return False
    StaffNotice.objects.filter(pk=notice.pk, text=text).update(subject="", text="")
    return True
