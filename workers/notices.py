"""Sending e-mail about matters: take one, send it while no database connection is held, note what became of it.

A notice is taken for a time, and one whose worker died is due again when that is over; what a worker that was slower
notes then is not counted. What the mail server refuses is tried again, and what comes behind it does not wait for that.
"""

import logging
import threading
import time
from datetime import timedelta

from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models.functions import Now

from matters.due_notices import store_due_notices
from matters.notice_mail import word_notice
from matters.notices import DUE, Notice, NoticeStatus
from workers.lifecycle import is_stopping

logger = logging.getLogger(__name__)
PAUSES = (60.0, 300.0, 1_800.0, 7_200.0, 21_600.0)  # seconds, after each attempt that failed
LEASE = timedelta(minutes=15)  # of one attempt; a mail server that hangs is waited for 10 s
RUN_SECONDS = 30.0  # with a mail server that hangs; the next run goes on
_SLOTS = threading.BoundedSemaphore(2)  # a mail server that hangs holds up no steps


def remind() -> int:
    """Store what is due by now, then send; returns how many were sent."""
    store_due_notices()
    return send_notices()


def send_notices() -> int:
    """Send what is due, one after the other; returns how many were taken. Nothing where enough threads do it."""
    taken, ends_at = 0, time.monotonic() + RUN_SECONDS
    if _SLOTS.acquire(blocking=False):
        try:
            while not is_stopping() and time.monotonic() < ends_at and _send_next():
                taken += 1
        finally:
            _SLOTS.release()
    return taken


def _send_next() -> bool:
    """Make one attempt of what has been due for longest; False where nothing is."""
    found = _take()
    if found is None:
        return False
    notice, message = found
    if message is not None:
        connection.close()
        _note(notice, _sent(notice, message))
    return True


def _take() -> tuple[Notice, EmailMessage | None] | None:
    """The next one, taken for one attempt, with its words; without them where none is made any more."""
    with transaction.atomic():
        due = Notice.objects.filter(status__in=DUE, due_at__lte=Now()).order_by("due_at")
        notice = due.select_for_update(skip_locked=True).first()
        if notice is None:
            return None
        return notice, _begin(notice, word_notice(notice))


def _begin(notice: Notice, message: EmailMessage | None) -> EmailMessage | None:
    """What to send. Nothing where nobody needs it any more, or where the worker of the last attempt died."""
    mine = Notice.objects.filter(pk=notice.pk)
    if message is None or notice.attempts > len(PAUSES):
        mine.update(status=NoticeStatus.FAILED if message else NoticeStatus.DROPPED)
        return None
    notice.attempts += 1
    mine.update(status=NoticeStatus.SENDING, attempts=notice.attempts, due_at=Now() + LEASE)
    return message


def _sent(notice: Notice, message: EmailMessage) -> bool:
    """Whether the mail server took it. Its words are in no log."""
    try:
        message.send()
    except Exception as error:  # whatever a backend raises for one e-mail, the next one has its turn
        logger.error("notice %s could not be sent: %s", notice.pk, type(error).__name__)
        return False
    return True


def _note(notice: Notice, sent: bool) -> None:
    """Store what became of the attempt, unless the notice was taken by another meanwhile."""
    mine = Notice.objects.filter(pk=notice.pk, status=NoticeStatus.SENDING, attempts=notice.attempts)
    if sent:
        mine.update(status=NoticeStatus.SENT, sent_at=Now())
    elif notice.attempts > len(PAUSES):
        mine.update(status=NoticeStatus.FAILED)
    else:
        pause = timedelta(seconds=PAUSES[notice.attempts - 1])
        mine.update(status=NoticeStatus.PENDING, due_at=Now() + pause)
