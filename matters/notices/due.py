"""When somebody is to be reminded, or told what happened while they were away. Only PostgreSQL's clock counts.

Each statement stores what is due and is not stored yet; done twice, or by two at once, it stores nothing more.
"""

from django.db import connection

from matters.notices.models import NoticeKind
from matters.states import MatterStatus

AWAY_MINUTES = 3  # so long after something happened nobody has come to look

_NEW = """
INSERT INTO matters_notice (id, matter_id, user_id, question_id, kind, occasion, status, due_at, attempts, created_at)
"""
_ONCE = " ON CONFLICT DO NOTHING"
# How long it waits before the reminder, and until when: after an upgrade, or a week of outage, nobody is told of old
# things, and never of two at once.
_AFTER = "(VALUES ('day', interval '1 day', interval '3 days'), ('three_days', '3 days', '7 days'))"
_WANTS_MAIL = """
  JOIN companies_user u ON u.id = {user} AND u.is_active AND u.matter_mail
  JOIN companies_membership b ON b.user_id = u.id AND b.company_id = m.company_id
"""

_ASSIGNED = f"""
{_NEW}
SELECT gen_random_uuid(), q.matter_id, u.id, q.id, k.kind, extract(epoch FROM q.assigned_at)::text, 'pending', now(), 0,
       now()
  FROM matters_question q JOIN matters_matter m ON m.id = q.matter_id {_WANTS_MAIL.format(user="q.assigned_to_id")}
  JOIN {_AFTER} AS k (kind, after, until) ON q.assigned_at BETWEEN now() - k.until AND now() - k.after
 WHERE q.status = 'awaiting_founder' AND m.status NOT IN ('advised', 'failed', 'canceled') AND m.deleted_at IS NULL
{_ONCE}
"""  # noqa: S608 # made of words in this file
# The matters of a person that wait for them, with the event by which they came to it. What is in nobody's list is the
# asker's to answer; of a batch nobody is told.
_WAITING = f"""
  FROM matters_matter m {_WANTS_MAIL.format(user="m.created_by_id")}
  JOIN LATERAL (
       SELECT e.number, e.at FROM matters_event e
        WHERE e.matter_id = m.id AND e.type = 'matter.updated' AND e.data->>'waiting_for' = m.waiting_for
          AND (m.waiting_for = 'conflict' OR e.from_status NOT IN ('', 'awaiting_founder'))
        ORDER BY e.number DESC LIMIT 1) AS e ON true
  {{more}}
 WHERE m.priority = 'interactive' AND m.waiting_for IN ('founder', 'conflict') AND m.deleted_at IS NULL
   AND (m.waiting_for = 'conflict' OR EXISTS (
        SELECT FROM matters_question q
         WHERE q.matter_id = m.id AND q.status = 'awaiting_founder' AND q.assigned_to_id IS NULL))
"""  # noqa: S608
_UNANSWERED = f"""
{_NEW}
SELECT gen_random_uuid(), m.id, u.id, NULL, k.kind, e.number::text, 'pending', now(), 0, now()
{_WAITING.format(more=f"JOIN {_AFTER} AS k (kind, after, until) ON e.at BETWEEN now() - k.until AND now() - k.after")}
{_ONCE}
"""
_AWAY = """
   AND {at} BETWEEN now() - interval '1 day' AND now() - make_interval(mins => %(away)s)
   AND NOT EXISTS (
       SELECT FROM matters_presence p WHERE p.matter_id = m.id AND p.user_id = u.id AND p.seen_until >= {at})
"""
_WAITS = f"""
{_NEW}
SELECT gen_random_uuid(), m.id, u.id, NULL, 'waits', m.version::text, 'pending', now(), 0, now()
{_WAITING.format(more="")} {_AWAY.format(at="e.at")}
{_ONCE}
"""


def tells_asker(kind: NoticeKind, status: MatterStatus, *, occasion: str, at: str, more: str = "") -> str:
    """A statement for `store_due_notices`: who asked about a matter `m` in `status`, and was away, is told of it.

    `occasion` and `at`, when it happened, are SQL, as is `more`, which joins what they need; a `%` in them is doubled.
    """
    return f"""
{_NEW}
SELECT gen_random_uuid(), m.id, u.id, NULL, '{kind}', {occasion}, 'pending', now(), 0, now()
  FROM matters_matter m {_WANTS_MAIL.format(user="m.created_by_id")} {more}
 WHERE m.status = '{status}' AND m.priority = 'interactive' AND m.pruned_at IS NULL AND m.deleted_at IS NULL
   {_AWAY.format(at=at)}
{_ONCE}
"""  # noqa: S608 # made of words of the code alone


_READY = tells_asker(NoticeKind.READY, MatterStatus.ADVISED, occasion="m.version::text", at="m.completed_at")
_FAILED = tells_asker(
    NoticeKind.FAILED, MatterStatus.FAILED, occasion="m.version || '.' || m.retries", at="m.completed_at"
)


def store_due_notices(*others: str) -> int:
    """Store the notices that are due by now, also those of `others`, statements alike; returns how many are new."""
    new = 0
    with connection.cursor() as cursor:
        for statement in (_ASSIGNED, _UNANSWERED, _WAITS, _READY, _FAILED, *others):
            cursor.execute(statement, {"away": AWAY_MINUTES})
            new += cursor.rowcount
    return new
