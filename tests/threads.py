"""Calls that run at the same time, each in a thread with a database connection of its own; and a look at those of the
product."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier, Thread
from threading import enumerate as all_threads
from typing import TypeVar

from django.db import connection

T = TypeVar("T")


def at_once(*calls: Callable[[], T]) -> list[T]:
    """The results of `calls`, which begin together; the first exception of any is raised."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        barrier.wait(timeout=10)
        return with_own_connection(call)

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, call) for call in calls]]


def in_background(call: Callable[[], T]) -> "Future[T]":
    """`call`, running; its result is a future's."""
    pool = ThreadPoolExecutor(1)
    try:
        return pool.submit(with_own_connection, call)
    finally:
        pool.shutdown(wait=False)


def with_own_connection(call: Callable[[], T]) -> T:
    """The result of `call`; the thread's connection is closed behind it."""
    try:
        return call()
    finally:
        connection.close()


def is_waited_for() -> bool:
    """Whether another session waits for a lock of this one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid)))")
        return bool(cursor.fetchone()[0])


def looking_up() -> list[Thread]:
    """The threads that look up the name of a receiver of webhooks just now."""
    return [thread for thread in all_threads() if thread.name == "look up a receiver"]
