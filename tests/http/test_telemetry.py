"""What an operator sees of each call: the SDK's span and a line of the log, without anybody's words."""

import json
import logging
from collections.abc import Generator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, Span
from opentelemetry.trace.span import INVALID_SPAN_CONTEXT
from support.client import MODES, Mode, connect
from support.writes import add, fake_api
from tinylytics_mcp import logs
from tinylytics_mcp.fake_api import READ_ONLY_KEY
from tinylytics_tools.transport import open_store

pytestmark = pytest.mark.anyio


class Seen(NonRecordingSpan):
    """A span that remembers what is put on it."""

    def __init__(self) -> None:
        super().__init__(INVALID_SPAN_CONTEXT)
        self.attributes: dict[str, Any] = {}

    def set_attributes(self, attributes: Any) -> None:
        self.attributes |= attributes


@pytest.fixture
def span(monkeypatch: pytest.MonkeyPatch) -> Seen:
    seen = Seen()

    def current(*_: object) -> Span:
        return seen

    monkeypatch.setattr("tinylytics_mcp.server.get_current_span", current)
    return seen


@pytest.fixture
def as_json(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setenv(logs.LOG_FORMAT, "json")
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logs.CALLS.setLevel(logging.NOTSET)


@pytest.mark.parametrize("mode", MODES)
async def test_a_span_carries_outcome_requests_and_cache_hits(span: Seen, mode: Mode) -> None:
    async with connect(fake_api(), store=open_store(None), mode=mode) as host:
        for requests, hits in ((1, 0), (0, 1)):
            await host.answer("list_sites")
            told = {"outcome": "ok", "requests": requests, "cache_hits": hits}
            assert span.attributes == {f"tinylytics.{name}": value for name, value in told.items()}
        await host.error("get_site", site="nowhere")
        assert span.attributes["tinylytics.outcome"] == "InvalidArgument"


async def test_the_span_is_the_sdks_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen()

    class Tracer:
        def start_as_current_span(self, *_: Any, **__: Any) -> Any:
            return trace.use_span(seen)

    monkeypatch.setattr("mcp.shared._otel._tracer", Tracer())
    async with connect(fake_api()) as host:
        await host.answer("list_sites")
    assert seen.attributes["tinylytics.outcome"] == "ok"


@pytest.mark.usefixtures("as_json")
async def test_the_log_has_one_object_a_call_without_anybodys_words(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    service = fake_api()
    site = add(service, "uid-canary", path="/path-canary")
    async with connect(service, key=READ_ONLY_KEY) as host:
        await host.answer("list_kudos", site=site, search="search-canary")
        await host.error("get_site", site="site-canary")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    calls = [line for line in lines if line["logger"] == logs.CALLS.name]
    assert [(line["tool"], line["outcome"]) for line in calls] == [
        ("list_kudos", "ok"),
        ("get_site", "InvalidArgument"),
    ]
    assert calls[0].keys() == {"time", "level", "message", "logger", "tool", "ms", "outcome", "requests", "cache_hits"}
    assert "canary" not in json.dumps(lines)


@pytest.mark.usefixtures("as_json")
def test_a_crash_is_one_object_with_its_places_and_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    try:
        int("canary")
    except ValueError:
        logging.getLogger("any").exception("it failed\nhere")
    told = json.loads(capsys.readouterr().err)
    assert (told["level"], told["message"], told["failed"][-1]) == ("ERROR", "it failed here", "  ValueError")
    assert "canary" not in json.dumps(told)
