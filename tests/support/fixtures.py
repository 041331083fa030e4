"""What all tests use: one event loop backend, one Redis, and nothing worked out twice that is always the same."""

import json
import sys
from collections.abc import Generator
from datetime import datetime
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # pyright: ignore[reportMissingTypeStubs]  (it has none)
from mcp.server.mcpserver.resources import ResourceTemplate
from pydantic import validate_call
from support import properties
from support.redis_server import MISSING, PROGRAM, running_redis
from tinylytics_mcp.fake_api import app
from tinylytics_mcp.fake_api.store import Store


def pytest_configure(config: pytest.Config) -> None:
    """Set the property tests up, before any is collected."""
    times: int | None = config.getoption("examples")
    usual = 1 if config.getoption("end_to_end") else 0.5
    properties.configure(times or usual, at_random=times is not None and times > 1)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note how many examples a property test ran with."""
    report = yield
    statistics: str | None = getattr(item, "hypothesis_statistics", None)
    if report.when == "teardown" and statistics:
        report.user_properties.append(("examples", properties.examples_in(statistics)))
    return report


@pytest.fixture
def anyio_backend() -> str:
    """asyncio is what the server is served on."""
    return "asyncio"


@pytest.fixture(scope="session", autouse=True)
def no_key_of_ones_own(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    """Let no command find the key that whoever runs the tests gave to `install`."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        yield


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


@pytest.fixture(scope="session", autouse=True)
def a_missing_package_not_looked_for() -> Generator[None]:
    """Let httpx not look through all folders, for each request to an app, for a package that is not installed.

    That took a third of the request.
    """
    with pytest.MonkeyPatch.context() as patched:
        if find_spec("sniffio") is None:
            patched.setitem(sys.modules, "sniffio", None)
        yield


@pytest.fixture(scope="session", autouse=True)
def each_history_made_up_once() -> Generator[None]:
    """Copy the made-up account of the fake API where an equal one was made before: 2 ms in place of 80."""
    fill = app.fill

    @lru_cache(maxsize=8)
    def filled(seed: int, now: datetime, hits: int) -> Store:
        store = Store()
        fill(store, seed=seed, now=now, hits=hits)
        return store

    def fill_or_copy(store: Store, *, seed: int, now: datetime, hits: int) -> None:
        if not store.row("SELECT 1 FROM sites"):
            filled(seed, now, hits).connection.backup(store.connection)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(app, "fill", fill_or_copy)
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
    monkeypatch.setattr("tinylytics_tools.transport.cache.FIRST_WAIT_S", 0.0)
