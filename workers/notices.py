"""Sending e-mail about matters: take one, send it while no database connection is held, note what became of it.

A notice is taken for a time, and one whose worker died is due again when that is over; what a worker that was slower
notes then is not counted. What the mail server refuses is tried again, and what comes behind it does not wait for that.
"""

import logging
import threading
import time
from datetime import timedelta

from django.db import DatabaseError, connection, transaction
from django.db.models.functions import Now

from advice.review.due_notices import REVIEWED, decision_of
from matters.notices.due import store_due_notices
from matters.notices.mail import word_notice
from matters.notices.models import DUE, Notice, NoticeStatus
from matters.questions.assigning import take_back_from_who_left
from workers.lifecycle import is_stopping

logger = logging.getLogger(__name__)
PAUSES = (60.0, 300.0, 1_800.0, 7_200.0, 21_600.0)  # seconds, after each attempt that failed
LEASE = timedelta(minutes=15)  # of one attempt; a mail server that hangs is waited for 10 s
RUN_SECONDS = 30.0  # with a mail server that hangs; the next run goes on
_SLOTS = threading.BoundedSemaphore(2)  # a mail server that hangs holds up no steps


def remind() -> int:
    """Store what is due by now, then send; returns how many were sent. Of who left nobody waits for an answer first."""
    take_back_from_who_left()
    store_due_notices(REVIEWED)
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
    notice = _take()
    if notice is None:
        return False
    _note(notice, _attempt(notice))
    return True


def _take() -> Notice | None:
    """The next one, taken for one attempt, before anything of it is worded: one where that fails has had its turn."""
    with transaction.atomic():
        due = Notice.objects.filter(status__in=DUE, due_at__lte=Now()).order_by("due_at")
        notice = due.select_for_update(skip_locked=True).first()
        if notice is not None:
            notice.attempts += 1
            mine = Notice.objects.filter(pk=notice.pk)
            mine.update(status=NoticeStatus.SENDING, attempts=notice.attempts, due_at=Now() + LEASE)
    return notice


def _attempt(notice: Notice) -> NoticeStatus:
    """Send it, if it is needed still. Its words are in no log."""
    if notice.attempts > len(PAUSES) + 1:  # the worker of the last attempt died
        return NoticeStatus.FAILED
    try:
        message = word_notice(notice, decision_of(notice.matter_id))
        if message is None:
            return NoticeStatus.DROPPED
        connection.close()
        message.send()
    except DatabaseError:
        raise  # nothing can be noted now; it is due again when its time is over
    except Exception as error:  # whatever a backend raises for one e-mail, the next one has its turn
        logger.error("notice %s could not be sent: %s", notice.pk, type(error).__name__)
        return NoticeStatus.PENDING if notice.attempts <= len(PAUSES) else NoticeStatus.FAILED
    return NoticeStatus.SENT


def _note(notice: Notice, status: NoticeStatus) -> None:
    """Store what became of the attempt, unless the notice was taken by another meanwhile."""
    mine = Notice.objects.filter(pk=notice.pk, status=NoticeStatus.SENDING, attempts=notice.attempts)
    if status == NoticeStatus.SENT:
        mine.update(status=status, sent_at=Now())
    elif status == NoticeStatus.PENDING:
        mine.update(status=status, due_at=Now() + timedelta(seconds=PAUSES[notice.attempts - 1]))
    else:
        mine.update(status=status)
