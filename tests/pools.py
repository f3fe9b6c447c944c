"""Ending what a web process opens once for each event loop, and keeps until it ends: a test's loop ends before that."""

import asyncio

from companies.async_pool import _pools


async def close_async_pool() -> None:
    """Close the running loop's pool of connections to PostgreSQL, if there is one.

    It stays the loop's: a read that is still under way finds it closed, and opens no other one, whose workers may
    outlive their cancellation.
    """
    pool = _pools.get(asyncio.get_running_loop())
    if pool is not None:
        await pool.close()
