"""Telling staff by e-mail what needs them: at most once an hour for each kind of thing."""

from datetime import timedelta

from django.db import connection

from companies.mail import send_after_commit
from companies.models import User

PAUSE = timedelta(hours=1)

_TAKE = """
INSERT INTO companies_staffnotice (kind, sent_at) VALUES (%s, clock_timestamp())
ON CONFLICT (kind) DO UPDATE SET sent_at = EXCLUDED.sent_at
 WHERE companies_staffnotice.sent_at < EXCLUDED.sent_at - make_interval(secs => %s)
RETURNING kind
"""


def tell_staff(kind: str, subject: str, text: str) -> None:
    """Send `text`, which has no word of a founder's, to all staff once the transaction commits. Failures are logged."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [kind, PAUSE.total_seconds()])
        if cursor.fetchone() is None:
            return
    addresses = list(User.objects.filter(is_staff=True, is_active=True).values_list("email", flat=True))
    send_after_commit(subject, text, addresses)
