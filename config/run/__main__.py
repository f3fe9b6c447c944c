"""`make run`: everything in one terminal, until Ctrl-C."""

import asyncio
import signal
import sys

from config.embedded.secrets import ensure_secrets
from config.embedded.services import remove_services
from config.env import env
from config.run.console import Console
from config.run.folder import DataFolder, FolderError
from config.run.listen import PortError, listen
from config.run.startup import Ready, Startup
from config.run.supervisor import GiveUpError, Supervisor
from config.run.terminal import is_closed_before_us
from config.run.wishes import EVERYWHERE, WishError, Wishes, read_wishes


def main() -> int:
    """Runs until it is told to end (0), or cannot start or go on (1)."""
    try:
        wishes = read_wishes()
        with DataFolder(wishes.data_dir) as folder:
            return _run_in(folder, wishes)
    except (WishError, FolderError, PortError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # once more, when everything was ended: asyncio has put Python's own handler back
        return 130


def _run_in(folder: DataFolder, wishes: Wishes) -> int:
    if leftovers := folder.end_leftovers():
        print(f"The last run was killed; what it left running was ended: {', '.join(leftovers)}")
    with listen(wishes.host, wishes.port, "PORT") as web_socket:
        listen(wishes.host, wishes.flower_port, "FLOWER_PORT").close()
        console = Console(folder.path / "logs")
        supervisor = Supervisor(console, folder.record)
        startup = Startup(supervisor, console, wishes, ensure_secrets(folder.path), web_socket.fileno())
        try:
            return asyncio.run(_live(startup, supervisor, console, wishes))
        finally:
            remove_services(folder.path)
            console.close()


async def _live(startup: Startup, supervisor: Supervisor, console: Console, wishes: Wishes) -> int:
    asked_to_end = _listen_to_signals()
    life = asyncio.create_task(_bring_up_and_watch(startup, supervisor, console, wishes))
    end = asyncio.create_task(asked_to_end.wait())
    watch = asyncio.create_task(_end_with_terminal(asked_to_end))
    try:
        await asyncio.wait({life, end}, return_when=asyncio.FIRST_COMPLETED)
        console.say("Ending everything in order; this takes up to 30 s ..." if asked_to_end.is_set() else "")
    finally:
        life.cancel()
        end.cancel()
        watch.cancel()
        (outcome, *_) = await asyncio.gather(life, end, watch, return_exceptions=True)
        await supervisor.stop()
    return _say_end(outcome, console, wishes)


def _listen_to_signals() -> asyncio.Event:
    asked_to_end = asyncio.Event()
    signals = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # under nohup it outlives its terminal
        signals.append(signal.SIGHUP)
    for number in signals:
        asyncio.get_running_loop().add_signal_handler(number, asked_to_end.set)
    return asked_to_end


async def _end_with_terminal(asked_to_end: asyncio.Event) -> None:
    if await is_closed_before_us():
        asked_to_end.set()


async def _bring_up_and_watch(startup: Startup, supervisor: Supervisor, console: Console, wishes: Wishes) -> None:
    console.show(banner(await startup.bring_up(), wishes))
    await supervisor.watch()


def _say_end(outcome: object, console: Console, wishes: Wishes) -> int:
    if isinstance(outcome, GiveUpError):
        console.show(f"\n{outcome}")
        console.show(f"Everything was ended. The logs are in {wishes.data_dir / 'logs'}.")
        return 1
    if isinstance(outcome, Exception):
        raise outcome
    console.show(f"Everything was ended; the data is kept in {wishes.data_dir}.")
    return 0


def banner(ready: Ready, wishes: Wishes) -> str:
    """The words that say that everything is up."""
    accounts = "\n".join(f"             {line}" for line in ready.accounts)
    return f"""
  Ready      http://{wishes.site}:{wishes.port}/{_other_names(wishes)}
  Accounts
{accounts}
  Flower     http://{wishes.site}:{wishes.flower_port}/  flower  {ready.flower_password}
  Model      {ready.model}
  Rippling,
  Carta      {ready.providers}
  Data       {wishes.data_dir}
  Ctrl-C ends everything in order.
"""


def _other_names(wishes: Wishes) -> str:
    if wishes.host not in EVERYWHERE or env("ALLOWED_HOSTS"):
        return ""
    return "\n             from elsewhere: set ALLOWED_HOSTS to the names and addresses by which it is opened there"


if __name__ == "__main__":
    sys.exit(main())
