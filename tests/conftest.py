"""The options of a test run and what its last lines tell; one event loop backend and one Redis for all tests."""

import json
from collections import Counter
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # pyright: ignore[reportMissingTypeStubs]  (it has none)
from mcp.server.mcpserver.resources import ResourceTemplate
from pydantic import validate_call
from support import properties
from support.redis_server import MISSING, PROGRAM, running_redis

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
    """Set the property tests up, before any is collected."""
    properties.configure(config.getoption("examples") or 1)


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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note how many examples a property test ran with."""
    report = yield
    statistics: str | None = getattr(item, "hypothesis_statistics", None)
    if report.when == "teardown" and statistics:
        report.user_properties.append(("examples", properties.examples_in(statistics)))
    return report


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


@pytest.fixture
def anyio_backend() -> str:
    """asyncio is what the server is served on."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def each_output_schema_checked_once() -> Generator[None]:
    """Let the SDK's clients check an output schema once, and not anew in each of the thousands of connections.

    Checking one takes 50 ms, 15 times as long as a call. What is checked, and the answers, stay the same.
    """
    validator: Any = Draft202012Validator
    check = validator.check_schema
    checked: set[str] = set()

    def check_once(schema: Any) -> None:
        text = json.dumps(schema)
        if text not in checked:
            check(schema)
            checked.add(text)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(validator, "check_schema", check_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def each_resource_template_made_once() -> Generator[None]:
    """Let the SDK work out a resource template once, and not anew for each of thousands of servers.

    Half of what a server takes to be made is that. Of two servers, only the functions behind it are others.
    """
    make, made = ResourceTemplate.from_function, dict[tuple[object, str], ResourceTemplate]()

    def make_once(fn: Any, uri_template: str, **described: Any) -> ResourceTemplate:
        key = (fn.__code__, uri_template)
        if key not in made:
            made[key] = make(fn, uri_template, **described)
        return made[key].model_copy(update={"fn": validate_call(fn)})

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ResourceTemplate, "from_function", make_once)
        yield


@pytest.fixture(scope="session")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Generator[int]:
    """The port of a real Redis; the tests that need it are skipped where there is none."""
    if PROGRAM is None:
        pytest.skip(MISSING)
    with running_redis(tmp_path_factory.mktemp("redis")) as port:
        yield port


@pytest.fixture(autouse=True)
def retries_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for nothing before a read that failed is sent again."""
    monkeypatch.setattr("tinylytics_tools.transport.retry.FIRST_WAIT_S", 0.0)
