"""Ending what a web process opens once for each event loop, and keeps until it ends: a test's loop ends before that."""

import asyncio

from companies.async_pool import _pools


async def close_async_pool() -> None:
    """Close the running loop's pool of connections to PostgreSQL, if there is one."""
    pool = _pools.pop(asyncio.get_running_loop(), None)
    if pool is not None:
        await pool.close()
