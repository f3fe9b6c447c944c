"""The terminal that `make run` was typed at."""

import asyncio
import os
import signal

LOOK_SECONDS = 1.0


async def is_closed_before_us() -> bool:
    """Returns when the terminal is closed: True if this was in its foreground, so that it is to end with it.

    The kernel sends SIGHUP to the leader of the session, and to the rest of its foreground once that has ended; but
    `make` waits for us. What is in the background is up to the shell, which lets it stay if it was told to. False at
    once where there is no terminal, or where it is to be outlived (nohup).
    """
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        return False
    try:
        terminal = os.open(os.ctermid(), os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    is_in_foreground = False
    try:
        while True:
            is_in_foreground = os.tcgetpgrp(terminal) == os.getpgrp()
            await asyncio.sleep(LOOK_SECONDS)
    except OSError:  # it was closed
        return is_in_foreground
    finally:
        os.close(terminal)
