"""The official conformance suite: what applies to a server of one's own, in the protocol's last three revisions."""

import json
import re
import subprocess
from collections.abc import Generator
from contextlib import ExitStack
from typing import Any

import pytest
from support.npm import CONFORMANCE, HERE, output, started

REVISIONS = ("2025-06-18", "2025-11-25", "2026-07-28")
SCENARIOS: dict[str, Any] = json.loads((HERE / "scenarios.json").read_text("utf-8"))
APPLIES: list[str] = SCENARIOS["applies"]
CANNOT_APPLY: list[str] = [name for group in SCENARIOS["cannot_apply"] for name in group["scenarios"]]
FAIL = [name for group in SCENARIOS["cannot_apply"] if not group.get("passes") for name in group["scenarios"]]
UNMET: list[str] = [name for group in SCENARIOS["cannot_be_met"] for name in group["checks"]]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The revisions, or the word extension, of each scenario for servers that the suite has."""
    with started(CONFORMANCE, "list", "--server", home=tmp_path_factory.mktemp("list")) as suite:
        listed = output(suite)
    rows = re.findall(r"(?m)^ +- (\S+) \[(.*)\]$", listed)
    return {name: revisions.split(",") for name, revisions in rows}


@pytest.fixture(scope="module")
def runs(address: str, tmp_path_factory: pytest.TempPathFactory) -> Generator[dict[str, "subprocess.Popen[str]"]]:
    """The suite at work on every revision at once."""
    folder = tmp_path_factory.mktemp("suite")
    baseline = folder / "baseline.yml"
    baseline.write_text(json.dumps({"server": [*FAIL, *UNMET]}), "utf-8")  # JSON is YAML too
    what = ["server", "--url", f"{address}/mcp", "--suite", "all", "--expected-failures", str(baseline)]
    with ExitStack() as running:
        yield {
            revision: running.enter_context(started(CONFORMANCE, *what, "--spec-version", revision, home=folder))
            for revision in REVISIONS
        }


def test_every_scenario_of_the_suite_is_known_to_apply_or_not(known: dict[str, list[str]]) -> None:
    assert sorted(known) == sorted([*APPLIES, *CANNOT_APPLY])


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_applies_passes_and_what_cannot_still_cannot(
    revision: str, known: dict[str, list[str]], runs: dict[str, "subprocess.Popen[str]"]
) -> None:
    told = output(runs[revision])  # it fails too if a scenario or check passes that is not expected to
    outcome = {name: int(passed) for name, passed in re.findall(r"(?m)^[✓✗] (\S+): (\d+) passed", told)}
    assert sorted(outcome) == sorted(name for name, revisions in known.items() if revision in revisions)
    assert all(outcome[name] for name in APPLIES if name in outcome)
