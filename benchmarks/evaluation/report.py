"""The table that `make eval` prints, and the file beside it."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median

from benchmarks.evaluation.scores import Outcome, Scores, Share

LINES = (
    ("matters that came to their advice", "ended"),
    ("the right playbooks found, and no other", "playbook_found"),
    ("no playbook fits: no law cited", "abstained"),
    ("facts of the playbook that were asked for", "questions_covered"),
    ("answers read as what they mean", "facts_right"),
    ("unreadable answers not guessed at", "asked_again"),
)


def table(scores: Scores, outcomes: Sequence[Outcome], model: str) -> str:
    """Markdown: the figures, then each miss in a line."""
    rows = [f"| {words} | {getattr(scores, name)} |" for words, name in LINES]
    rows += [f"| cited passages | {_claims(scores)} |", f"| a matter, median | {_usage(outcomes)} |"]
    misses = [f"- {words}: {miss}" for words, name in LINES for miss in _share(scores, name).misses]
    return "\n".join([f"| {model} | {len(outcomes)} cases |", "|---|---|", *rows, "", *misses])


def write_json(scores: Scores, outcomes: Sequence[Outcome], model: str, path: Path) -> None:
    """Every figure and every outcome."""
    path.parent.mkdir(parents=True, exist_ok=True)
    told = {"model": model, "scores": asdict(scores), "outcomes": [asdict(outcome) for outcome in outcomes]}
    path.write_text(json.dumps(told, indent=1, default=sorted))


def _share(scores: Scores, name: str) -> Share:
    share: Share = getattr(scores, name)
    return share


def _claims(scores: Scores) -> str:
    return ", ".join(f"{count} {verdict}" for verdict, count in scores.claims.items()) or "none"


def _usage(outcomes: Sequence[Outcome]) -> str:
    calls, tokens = median(o.calls for o in outcomes), median(o.tokens for o in outcomes)
    return f"{calls:.0f} calls, {tokens:,.0f} tokens, {median(o.seconds for o in outcomes):.0f} s"
