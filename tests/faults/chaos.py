"""python -m tests.faults.chaos [--matters 40] [--minutes 10] [--seed N] [--only WORDS]: `make chaos`.

Every fault of the table against forty matters, then minutes of all of them at random, each with the accounting of
`tests/faults/accounting.py`. Prints a line for each; ends with 1 if anything was lost, doubled, stuck or mismatched.
"""

import argparse
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import tests.servers  # noqa: F401 - the environment that the product's settings ask for
from tests.faults.accounting import Account, account_for
from tests.faults.breakable import Breakable, ask_little, ask_questions
from tests.faults.faults import Fault
from tests.faults.faults_disk import CannotMountError, DiskFull
from tests.faults.load import Load
from tests.faults.table import LONG

END_SECONDS = 180.0
CALL_SECONDS = 45.0  # then a silent call of a step is given up, and there is time to make it again
ALWAYS_GOING = 8  # matters in work while faults strike at random
AT_RANDOM = tuple(fault for fault in LONG if not isinstance(fault, DiskFull))  # that one has a product of its own
COLUMNS = ("accepted", "ended", "waiting", "lost", "doubled", "stuck", "wrong", "calls/bound", "takeover", "seconds")
_LINE = "{:<44}" + "{:>12}" * len(COLUMNS) + "\n"


@dataclass
class AllAtRandom:
    """Fault after fault for so many minutes; some matters go the whole way, with questions."""

    minutes: float
    seed: int
    struck: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"all at random, {self.minutes:g} min, seed {self.seed}"

    def strike(self, product: Breakable, load: Load) -> None:
        chance, ends_at = random.Random(self.seed), time.monotonic() + 60 * self.minutes
        while time.monotonic() < ends_at:
            chance.choice((ask_little, ask_questions))(product)
            load.submit(max(0, ALWAYS_GOING - len(load.going_on())))
            fault = chance.choice(AT_RANDOM)
            self.struck.append(fault.name)
            say(f"  {time.strftime('%H:%M:%S')} {fault.name}\n")
            fault.strike(product, load)


@dataclass
class Result:
    """What a fault came to. `problem`: what did not hold while it struck."""

    fault: Fault
    account: Account
    takeover: float  # the longest, in seconds; 0 where there was none
    seconds: float
    problem: str

    def line(self) -> str:
        a = self.account
        takeover = f"{self.takeover:.1f} s" if self.takeover else ""
        wrong = [len(found) for found in (a.lost, a.duplicated, a.stuck, a.mismatched)]
        cells = (a.accepted, a.ended, a.waiting, *wrong, f"{a.calls}/{a.bound}", takeover, f"{self.seconds:.0f}")
        return _LINE.format(self.fault.name, *cells) + "".join(f"  {problem}\n" for problem in self.problems())

    def problems(self) -> list[str]:
        return [*([self.problem] if self.problem else []), *self.account.problems, *self.account.too_many_calls()]


def run(product: Breakable, fault: Fault, matters: int) -> Result:
    """One line of the table."""
    ask_little(product)
    product.llm.forget_calls()
    product.takeovers.clear()
    began, problem = time.monotonic(), ""
    with Load(product, matters) as load:
        try:
            fault.strike(product, load)
        except CannotMountError as error:
            say(f"  {fault.name} is not tested: {error}\n")
        except Exception as error:  # whatever it is, the table goes on
            notes = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
            problem = f"while it struck: {error or repr(error)}{notes}"
            product.mend()
        load.wait_until_ended(END_SECONDS)
        account = account_for(product, load)
    return Result(fault, account, max(product.takeovers, default=0.0), time.monotonic() - began, problem)


def main() -> int:
    given = _arguments()
    faults = [fault for fault in LONG if given.only in fault.name]
    faults += [AllAtRandom(given.minutes, given.seed)] if given.minutes else []
    wrong = False
    with (
        tempfile.TemporaryDirectory(prefix="chaos-") as folder,
        Breakable(Path(folder), threads=60, LLM_CALL_SECONDS=str(CALL_SECONDS)) as product,
    ):
        say(_LINE.format("fault", *COLUMNS))
        for fault in faults:
            result = run(product, fault, given.matters)
            say(result.line())
            wrong = wrong or bool(result.problems())
    say("Not everything held: see the lines above.\n" if wrong else "Nothing was lost, doubled or stuck.\n")
    return int(wrong)


def say(words: str) -> None:
    sys.stdout.write(words)
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.faults.chaos")
    parser.add_argument("--matters", type=int, default=40)
    parser.add_argument("--minutes", type=float, default=10.0, help="of all faults at random; 0: none")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    parser.add_argument("--only", default="", help="faults of the table with these words in their names")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
