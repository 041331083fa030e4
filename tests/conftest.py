"""The options of a test run and what its last lines tell."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

END_TO_END = Path(__file__).parent / "end_to_end"
LEFT_OUT = pytest.StashKey[int]()
"""How many end-to-end tests were not run."""
TIMEOUT_S = 120
"""The `timeout` of pyproject.toml, here for property tests with more examples than usual."""
END_TO_END_TIMEOUT_S = 300
"""End-to-end tests start several processes, one after the other."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--end-to-end` and `--examples`."""
    parser.addoption(
        "--end-to-end", action="store_true", help="run tests/end_to_end too: browser, other clients, processes, load"
    )
    parser.addoption(
        "--examples", type=int, metavar="TIMES", help="run property tests with TIMES as many examples, drawn at random"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Load what tests use, where tests are run: the process that only hands them out starts workers two seconds
    earlier without it."""
    if config.option.dist == "no" or hasattr(config, "workerinput"):
        config.pluginmanager.import_plugin("support.fixtures")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the end-to-end tests unless they are asked for; give more time to those that need it."""
    times: int = config.getoption("examples") or 1
    end_to_end: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        if END_TO_END in item.path.parents:
            item.add_marker(pytest.mark.timeout(END_TO_END_TIMEOUT_S))
            end_to_end.append(item)
        else:
            others.append(item)
        if times > 1 and item.get_closest_marker("hypothesis"):
            item.add_marker(pytest.mark.timeout(TIMEOUT_S * times))
    if end_to_end and not config.getoption("end_to_end"):
        config.stash[LEFT_OUT] = len(end_to_end)
        config.hook.pytest_deselected(items=end_to_end)
        items[:] = others


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the number of tests left out from a worker to the process that prints the summary."""
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["left_out"] = session.config.stash.get(LEFT_OUT, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:  # noqa: ARG001 - pytest-xdist passes both
    """Take the number from a worker; each worker collects all tests. One that crashed has none."""
    output: dict[str, int] = getattr(node, "workeroutput", {})
    node.config.stash[LEFT_OUT] = output.get("left_out", node.config.stash.get(LEFT_OUT, 0))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the examples drawn where their number was asked for, and what was skipped or left out, and why."""
    if terminalreporter.config.getoption("examples") is not None:
        _print_examples(terminalreporter)
    reasons: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", ()):
        _, _, reason = report.longrepr
        reasons[reason.removeprefix("Skipped: ")] += 1
    left_out = terminalreporter.config.stash.get(LEFT_OUT, 0)
    if reasons or left_out:
        terminalreporter.section("not run")
    for reason, number in sorted(reasons.items()):
        terminalreporter.write_line(f"{number:,} skipped: {reason}")
    if left_out:
        terminalreporter.write_line(f"{left_out:,} end-to-end tests left out; they run with --end-to-end")


def _print_examples(terminalreporter: pytest.TerminalReporter) -> None:
    ran = {
        report.nodeid: number
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, number in getattr(report, "user_properties", ())
        if name == "examples"
    }
    terminalreporter.section("examples of property tests")
    for test, number in sorted(ran.items()):
        terminalreporter.write_line(f"{number:>7,}  {test}")
    terminalreporter.write_line(f"{sum(ran.values()):>7,}  in all")
