"""The dashboard, the alerts and the pages about them speak of metrics that there are, and leave none out."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.metrics import numbers

pytestmark = pytest.mark.django_db
OPERATING = Path(__file__).resolve().parents[2] / "docs" / "operating"
CONTRACT = OPERATING.parent / "contract.md"


def metrics() -> set[str]:
    """The names that `/metrics` has, also while there is nothing to count."""
    return set(re.findall(r"^# TYPE (matterstream_\w+) ", numbers().decode(), re.MULTILINE))


def named(expression: str) -> set[str]:
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"matterstream_\w+", expression)}


def panels() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = json.loads((OPERATING / "grafana.json").read_text())["panels"]
    return loaded


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((OPERATING / "alerts.yml").read_text())["groups"]
    loaded: list[dict[str, Any]] = group["rules"]
    return loaded


def test_the_dashboard_shows_every_metric_and_no_other() -> None:
    shown = set().union(*(named(target["expr"]) for panel in panels() for target in panel["targets"]))
    assert shown == metrics()


def test_the_panels_have_their_own_places() -> None:
    assert len({panel["id"] for panel in panels()}) == len(panels())
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels()}) == len(panels())


def test_alerts_ask_for_metrics_that_there_are() -> None:
    for rule in rules():
        assert named(rule["expr"]), rule["alert"]
        assert named(rule["expr"]) <= metrics(), rule["alert"]


def test_nobody_is_woken_for_a_model_that_a_company_named() -> None:
    asked = {rule["expr"]: rule["labels"]["severity"] for rule in rules() if "breaker" in rule["expr"]}
    assert asked == {
        'matterstream_breaker_open{breaker!="other"} > 0': "page",
        'matterstream_breaker_open{breaker="other"} > 0': "ticket",
    }


def test_each_alert_is_explained() -> None:
    explained = re.findall(r"^\| `(\w+)` \|", (OPERATING / "alerts.md").read_text(), re.MULTILINE)
    assert explained == [rule["alert"] for rule in rules()]


def test_the_contract_names_every_metric() -> None:
    words = set(re.findall(r"`(\w+)`", CONTRACT.read_text()))
    assert {name.removeprefix("matterstream_") for name in metrics()} <= words
