"""What every test shares: one event loop backend, one Redis for those that need one, one set of property settings."""

from collections.abc import Generator

import properties
import pytest
from redis_server import MISSING, PROGRAM, running_redis


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let property tests run with more examples than usual."""
    parser.addoption(
        "--examples", type=int, metavar="TIMES", help="run property tests with TIMES as many examples, drawn at random"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Set the property tests up, before any is collected."""
    properties.configure(config.getoption("examples") or 1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note how many examples a property test ran with."""
    report = yield
    statistics: str | None = getattr(item, "hypothesis_statistics", None)
    if report.when == "teardown" and statistics:
        report.user_properties.append(("examples", properties.examples_in(statistics)))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell how many examples each property test ran with, where their number was asked for."""
    if terminalreporter.config.getoption("examples") is None:
        return
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
