"""The last hour, a minute at a time, counted from the rows: so nothing has to be collected for it."""

from django.db import connection

from workers.system.plots import Plot, Series

MINUTES = 60
_STEPS = """
WITH minutes AS (
    SELECT generate_series(date_trunc('minute', now()) - interval '59 minutes', date_trunc('minute', now()),
                           interval '1 minute') AS minute
), found AS (
    SELECT date_trunc('minute', finished_at) AS minute,
           count(*) FILTER (WHERE state = 'done') AS done, count(*) FILTER (WHERE state = 'dead') AS dead,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - created_at)::float8)
               FILTER (WHERE state = 'done') AS seconds
      FROM matters_step WHERE finished_at > now() - interval '1 hour' GROUP BY 1
)
SELECT coalesce(done, 0), coalesce(dead, 0), coalesce(seconds, 0) FROM minutes LEFT JOIN found USING (minute)
 ORDER BY minute
"""
_CALLS = """
WITH minutes AS (
    SELECT generate_series(date_trunc('minute', now()) - interval '59 minutes', date_trunc('minute', now()),
                           interval '1 minute') AS minute
), found AS (
    SELECT date_trunc('minute', at) AS minute, count(*) FILTER (WHERE outcome = 'ok') AS good,
           count(*) FILTER (WHERE outcome NOT IN ('ok', 'cached')) AS bad,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY latency_ms / 1000.0) FILTER (WHERE outcome = 'ok') AS seconds,
           sum(prompt_tokens + completion_tokens) AS tokens
      FROM matters_llmcall WHERE at > now() - interval '1 hour' GROUP BY 1
)
SELECT coalesce(good, 0), coalesce(bad, 0), coalesce(seconds, 0), coalesce(tokens, 0)
  FROM minutes LEFT JOIN found USING (minute) ORDER BY minute
"""


def last_hour() -> list[Plot]:
    """A plot for each thing that is worth a look."""
    done, dead, waited = _columns(_STEPS)
    good, bad, took, tokens = _columns(_CALLS)
    return [
        Plot.of("Steps a minute", "", Series("done", done), Series("gave up", dead)),
        Plot.of("From wanted to done, 95 of 100 steps", "s", Series("seconds", waited)),
        Plot.of("Model calls a minute", "", Series("answered", good), Series("failed", bad)),
        Plot.of("A model call, 95 of 100", "s", Series("seconds", took)),
        Plot.of("Tokens a minute", "", Series("tokens", tokens)),
    ]


def _columns(sql: str) -> list[tuple[float, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(zip(*(map(float, row) for row in cursor.fetchall()), strict=True))
