"""A process reports that it lives, and takes its row away when it ends."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from matters.processes import ProcessReport, Reporter, forget_processes, note_beat
from tests.processes import wait_until


@pytest.mark.django_db(transaction=True)
def test_a_process_is_there_while_it_lives_with_what_it_counts_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matters.processes.REPORT_SECONDS", 0.02)
    counted = {"steps_running": 1}
    reporter = Reporter(ProcessReport.Kind.WORKER, lambda: counted)
    try:
        row = wait_until(ProcessReport.objects.first, "the process has a row")
        counted["steps_running"] = 2
        wait_until(lambda: ProcessReport.objects.get().numbers == counted, "what it counts is renewed")
        wait_until(lambda: ProcessReport.objects.get().seen_at > row.seen_at, "its row is renewed")
    finally:
        reporter.close()
    assert not ProcessReport.objects.exists(), "a process that ended would look like one that was killed"


@pytest.mark.django_db
def test_what_has_been_gone_for_an_hour_is_forgotten_and_beat_has_one_row() -> None:
    for _ in range(2):
        note_beat()
    beat = ProcessReport.objects.get()
    assert beat.kind == "beat"
    assert forget_processes() == 0
    ProcessReport.objects.update(seen_at=Now() - timedelta(hours=2))
    assert forget_processes() == 1
