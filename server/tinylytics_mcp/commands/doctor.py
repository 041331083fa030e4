"""The command `doctor`: looks at everything between a host and Tinylytics and says what to do about what is wrong."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import anyio
from tinylytics_tools.catalogue import ALL_TOOLS
from tinylytics_tools.client import CallContext, Client
from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.errors import TinylyticsError
from tinylytics_tools.replies import JsonReply
from tinylytics_tools.site_lookup import list_all
from tinylytics_tools.transport.call_stats import CallStats

from tinylytics_mcp import checks
from tinylytics_mcp.backend import open_backend
from tinylytics_mcp.checks import Finding, Outcome
from tinylytics_mcp.errors import CommandError, UsageError
from tinylytics_mcp.hosts import own_environment, this_system
from tinylytics_mcp.settings import checked_base_url, read_settings
from tinylytics_mcp.terminal import Terminal, say
from tinylytics_mcp.version import VERSION

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""A name in a reply; others may be data, as a path that counts are kept under."""
_TYPES = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (dict, "object"), (list, "list"))


def command(*, structured: bool, url: str | None, record: Path | None) -> None:
    """Print what was found, or write the shapes of replies to a file; a finding that failed is a CommandError."""
    out = Terminal(sys.stdout)
    if url is not None:
        from tinylytics_mcp.remote_checks import of_deployment

        address = checked_base_url("--url", url, example="https://mcp.example.com/mcp")
        findings = anyio.run(of_deployment, address)
    else:
        findings = anyio.run(_local, record)
        if record is not None and not any(finding.outcome is Outcome.FAILED for finding in findings):
            out.line(str(record))
            return
    if structured:
        out.line(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        for finding in findings:
            _print(out, finding)
    number = sum(finding.outcome is Outcome.FAILED for finding in findings)
    if number:
        raise CommandError("1 thing failed." if number == 1 else f"{number} things failed.")


def _print(out: Terminal, finding: Finding) -> None:
    first = f"{finding.outcome:<8} {finding.check}: "
    style = {Outcome.OK: out.faint, Outcome.FAILED: out.warning}.get(finding.outcome, out.strong)
    out.lines(map(style, out.wrapped(finding.text, first=first, rest=" " * 9)))
    if finding.remedy:
        out.lines(out.wrapped(finding.remedy, first=" " * 9, rest=" " * 9))


async def _local(record: Path | None) -> list[Finding]:
    """Return all findings about this computer and the account; with `record`, write the shapes of replies there."""
    environment = own_environment()
    system = this_system(environment)
    try:
        settings = read_settings(environment)
    except UsageError as error:
        return [checks.told(Outcome.FAILED, "settings", str(error), "Correct it."), *checks.of_hosts(system)]
    findings = [checks.told(Outcome.WARNING, "settings", line, "Correct it.") for line in settings.warnings]
    findings.append(checks.of_key(settings))
    async with (
        open_backend(settings, demo=False, cached=False) as backend,
        aclosing(backend.open(settings.key)) as client,
    ):
        findings += [finding async for finding in checks.of_service(client)]
        if settings.key is not None and findings[-1].check != "reach":
            findings += [finding async for finding in checks.of_account(client)]
        findings += [finding async for finding in checks.of_store(backend, client)]
        if record is not None and settings.key is not None:
            await _record(client, record)
    return [*findings, *checks.of_hosts(system)]


async def _record(client: Client, file: Path) -> None:
    """Ask each endpoint that reads once, and write the names and types of the replies."""
    api = CallContext(client, CallStats())
    sites = await list_all(api)
    told: dict[str, Any] = {"version": VERSION}
    for endpoint in _reading():
        name = f"GET {endpoint.path}"
        if "{site_id}" in endpoint.path and not sites:
            told[name] = "not asked: the account has no site"
            continue
        try:
            reply = await api.call(replace(endpoint, reply=JsonReply), site_id=sites[0].id if sites else 0)
            told[name] = shape_of(reply.body)
        except TinylyticsError as error:
            told[name] = f"failed: {type(error).__name__}"
    try:
        await anyio.Path(file).write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    except OSError as error:
        raise CommandError(f"{str(file)!r} cannot be written: {error.strerror}.") from None
    say("no values are in it, only names and types: look through it before you pass it on.")


def _reading() -> list[Endpoint[Any]]:
    found = {e.path: e for tool in ALL_TOOLS for e in tool.endpoints if e.method == "GET"}
    return [found[path] for path in sorted(found)]


def shape_of(body: Any) -> dict[str, str]:
    """Return where in a reply values of which types stand, `sites[].url: null or string`, and none of the values."""
    found: dict[str, set[str]] = {}
    for place, kind in _types(body, ""):
        found.setdefault(place, set()).add(kind)
    return {place: " or ".join(sorted(kinds)) for place, kinds in found.items()}


def _types(value: object, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, part in cast("dict[str, Any]", value).items():
            yield from _types(part, f"{place}.{key if _NAME.fullmatch(key) else '*'}".removeprefix("."))
    elif isinstance(value, list) and value:
        for part in cast("list[Any]", value):
            yield from _types(part, f"{place}[]")
    else:
        yield place, next((name for kind, name in _TYPES if isinstance(value, kind)), "null")
