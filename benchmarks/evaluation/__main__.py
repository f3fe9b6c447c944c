"""`make eval`: the model of the environment, or the demo model, before cases whose right outcome is known."""

import argparse
import asyncio
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, cast

import frontmatter

from benchmarks.evaluation.cases import Case, load_cases
from benchmarks.evaluation.report import table, write_json
from benchmarks.evaluation.scores import Outcome, score
from benchmarks.evaluation.walk import walk
from benchmarks.options import RESULTS
from benchmarks.product import Product
from benchmarks.programs import ROOT
from benchmarks.world import World
from config.run import children

LIBRARY = ROOT / "playbooks" / "library"


async def evaluate(cases: list[Case], at_once: int) -> list[Outcome]:
    """Walk all cases, so many at a time, and answer what came of them."""
    async with World() as world:
        product = Product(world, name="eval", settings=await _model(world))
        await product.start()
        turns = asyncio.Semaphore(at_once)

        async def one(case: Case) -> Outcome:
            async with turns:
                outcome = await walk(product.http, product.database, case)
            sys.stderr.write(f"{outcome.status}: {case.question}\n")
            return replace(outcome, needed=facts_needed(case))

        return list(await asyncio.gather(*map(one, cases)))


def facts_needed(case: Case) -> frozenset[str]:
    """The facts that the playbooks of a case name."""
    heads = (frontmatter.load(str(LIBRARY / f"{slug}.md")).metadata for slug in case.playbooks)
    needed: Iterable[Any] = chain.from_iterable(cast(list[Any], head["facts_needed"]) for head in heads)
    return frozenset(fact["key"] for fact in needed)


def model_of(environment: Mapping[str, str]) -> str:
    """What the report calls the model."""
    return environment.get("LLM_MODEL", "the default model") if environment.get("OPENAI_API_KEY") else "demo model"


async def _model(world: World) -> dict[str, str]:
    """The variables by which the product finds its model; the demo model is started."""
    limits = {"LLM_FIRST_CONTENT_SECONDS": "600", "LLM_CALL_SECONDS": "1800", "LLM_CACHE_SECONDS": "0"}
    if os.environ.get("OPENAI_API_KEY"):
        given = {name: value for name, value in os.environ.items() if name.startswith(("LLM_", "OPENAI_"))}
        return {"OPENAI_BASE_URL": "", "LLM_MODEL": "", "LLM_ADVICE_MODEL": ""} | limits | given
    command = [*children.with_this_python(children.demo_model(0)), "--pace", "0", "--delay", "0"]
    demo = world.program("demo-model", command, dict(os.environ))
    await demo.says("/v1")
    return limits | {"OPENAI_BASE_URL": demo.words().split()[-1]}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.evaluation")
    parser.add_argument("--cases", type=int, default=None, help="only the first so many")
    parser.add_argument("--at-once", type=int, default=4, help="matters at a time (4)")
    parser.add_argument("--results", type=Path, default=RESULTS / "eval.json", help="the file of all outcomes")
    return parser.parse_args()


def main() -> int:
    """Exit code 0 when every case was walked, whatever the figures are."""
    options = _options()
    cases = load_cases()[: options.cases]
    outcomes = asyncio.run(evaluate(cases, options.at_once))
    scores, model = score(outcomes), model_of(os.environ)
    write_json(scores, outcomes, model, options.results)
    sys.stdout.write(table(scores, outcomes, model) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
