"""What can be wrong between a host, this server and Tinylytics: each thing that is looked at becomes a finding."""

import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Any, cast

import httpx2 as httpx
from tinylytics_tools import sanitize
from tinylytics_tools.access import FULL_ACCESS_PREFIX, READ_ONLY_PREFIX, WHERE_KEYS_ARE_MADE
from tinylytics_tools.api_info import OPENAPI, Document
from tinylytics_tools.client import CallContext, Client
from tinylytics_tools.content import CONTENT
from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.errors import TinylyticsError
from tinylytics_tools.failures import of_response, of_transport
from tinylytics_tools.insights import INSIGHTS
from tinylytics_tools.me import ME, Unknown, read_premium_or_unknown
from tinylytics_tools.site_lookup import SiteReply, find_site, list_all
from tinylytics_tools.tables import counted
from tinylytics_tools.transport.call_stats import CallStats, Purpose, RequestInfo
from tinylytics_tools.transport.interface import StoreUnavailable
from tinylytics_tools.uptime import UPTIME

from tinylytics_mcp import json_edit
from tinylytics_mcp.backend import STATE_FILE, Backend
from tinylytics_mcp.fake_api.openapi import DOCUMENT
from tinylytics_mcp.hosts import HOSTS, Host, System, start_command
from tinylytics_mcp.settings import API_KEY, API_KEY_FILE, Settings
from tinylytics_mcp.terminal import for_person
from tinylytics_mcp.version import CALLED, NAME, PROGRAM

CLOCK_S = 60.0
"""A clock that is off by more puts hits of midnight into the wrong day."""
MOST_SITES = 10
"""Features are looked at for so many sites, three requests each."""
MOST_NAMES = 8
_FEATURES: dict[str, Endpoint[Any]] = {"insights": INSIGHTS, "uptime": UPTIME, "content": CONTENT}


class Outcome(StrEnum):
    """How a check ended; only FAILED counts as an error."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """What one check found, and what to do about it; it holds no key."""

    outcome: Outcome
    check: str
    text: str
    remedy: str | None = None


ok, warning, failed = (partial(Finding, outcome) for outcome in Outcome)
"""Return a finding that asks for nothing, one that may be as it is meant, or one with which something does not work."""


def told(outcome: Outcome, check: str, said: str, otherwise: str = "Try again in a minute.") -> Finding:
    """Return a finding of an error's own words: its first sentence, and as the remedy what it says after that."""
    text, _, remedy = for_person(said).partition(". ")
    return Finding(outcome, check, text.rstrip("."), remedy or otherwise)


def of_key(settings: Settings) -> Finding:
    """Return whether there is a key, and what its form says."""
    if settings.key is None:
        return failed(
            "key", "no key is set", f"Make one under {WHERE_KEYS_ARE_MADE}: `{CALLED} install HOST` asks for it."
        )
    text = settings.key.authorization.removeprefix("Bearer ")
    if not text.startswith((READ_ONLY_PREFIX, FULL_ACCESS_PREFIX)):
        unknown = "begins with neither tly-ro- nor tly-fa-, so it may only read"
        return warning("key", unknown, "Copy the whole key once more.")
    allowed = "may write" if text.startswith(FULL_ACCESS_PREFIX) else "may only read"
    lowered = ", and is kept from writing by TINYLYTICS_READ_ONLY" if settings.access and allowed == "may write" else ""
    return ok("key", f"of the right form; it {allowed}{lowered}")


async def of_store(backend: Backend, client: Client) -> AsyncIterator[Finding]:
    """Yield whether replies and counts can be kept, and what is left of the hour."""
    settings = backend.settings
    where = "the Redis of TINYLYTICS_REDIS_URL" if settings.redis_url else str(settings.state_dir / STATE_FILE)
    try:
        await backend.writes("").latest(limit=1)
    except StoreUnavailable as error:
        mend = "free the disk, correct who may open it, or set TINYLYTICS_STATE_DIR to another folder"
        if settings.redis_url:
            mend = "start it, or correct that variable"
        remedy = f"Until it works nothing is kept and nothing can be written: {mend}."
        yield failed("state", sanitize.prose(str(error), cap=300), remedy)
        return
    yield ok("state", f"kept in {where}")
    hour = await client.transport.status()
    left = f"{hour.left_for_reads} of {hour.for_reads} requests left this hour"
    if hour.pause_s:
        yield warning("requests", f"Tinylytics wants a pause of {hour.pause_s:.0f} s", "Wait so long.")
    elif hour.left_for_reads < hour.for_reads // 10:
        yield warning("requests", left, "Wait, or ask for shorter periods; all programs on this key share them.")
    else:
        yield ok("requests", left)


async def of_service(client: Client, clock: datetime | None = None) -> AsyncIterator[Finding]:
    """Yield whether the API is reached, whether the clocks agree, and what the API describes that this version does
    not know; a keyless request."""
    began = monotonic()
    try:
        response = await client.send(OPENAPI, OPENAPI.path, {}, None, RequestInfo(OPENAPI, Purpose.READ, CallStats()))
    except httpx.TransportError as error:
        yield told(Outcome.FAILED, "reach", str(of_transport(OPENAPI, error, base_url=client.base_url)))
        return
    failure = of_response(OPENAPI, response, sent=True, base_url=client.base_url)
    if failure is not None:
        yield told(Outcome.FAILED, "reach", str(failure))
        return
    yield ok("reach", f"{httpx.URL(client.base_url).host} answered in {(monotonic() - began) * 1000:.0f} ms")
    try:
        off_s = ((clock or datetime.now(UTC)) - parsedate_to_datetime(response.headers.get("date", ""))).total_seconds()
    except (TypeError, ValueError):
        off_s = None
    if off_s is not None and abs(off_s) > CLOCK_S:
        text = f"{abs(off_s):,.0f} s {'ahead of' if off_s > 0 else 'behind'} that of Tinylytics"
        yield warning("clock", text, "Set this computer's clock by the network: days begin and end by it.")
    elif off_s is not None:
        yield ok("clock", f"within {CLOCK_S:.0f} s of that of Tinylytics")
    try:
        live = Document(response.json()).surface()
    except ValueError:
        live = set[str]()
    for finding in _of_description(live, Document(DOCUMENT).surface()):
        yield finding


def _of_description(live: set[str], built: set[str]) -> Iterator[Finding]:
    """Compare what the API describes with what this version was built for; a parameter of a new endpoint is no news."""
    new, gone = _first_of(live - built), _first_of(built - live)
    if not live:
        yield warning("description", "the API describes no endpoint", "Nothing, as long as questions are answered.")
        return
    newer = f"Look for a newer {PROGRAM}"
    if gone:
        yield warning("description", f"no longer described: {_names(gone)}", f"{newer}; what uses this may fail.")
    if new:
        yield warning("description", f"new, and not used: {_names(new)}", f"{newer}.")
    if not new and not gone:
        yield ok("description", "as this version was built for")


def _first_of(things: set[str]) -> list[str]:
    """Return things without those that follow from another: `GET /x a=b` from `GET /x a` from `GET /x`."""
    return sorted(each for each in things if not any(each.startswith((f"{other} ", f"{other}=")) for other in things))


def _names(things: list[str]) -> str:
    more = f" and {len(things) - MOST_NAMES} more" if len(things) > MOST_NAMES else ""
    return ", ".join(things[:MOST_NAMES]) + more


async def of_account(client: Client) -> AsyncIterator[Finding]:
    """Yield whether Tinylytics accepts the key, what the account has, and what is switched on for each site."""
    api = CallContext(client, CallStats())
    try:
        me = await api.call(ME)
        sites = await list_all(api)
    except TinylyticsError as error:
        yield told(Outcome.FAILED, "account", str(error))
        return
    plan = {
        True: "with a subscription",
        False: "without a subscription: insights, uptime and content checks need one",
        None: "its subscription is not known",
    }
    yield ok("account", f"the key is accepted; {plan[me.is_subscribed]}")
    if not sites:
        yield warning("sites", "the account has no site", "Add one on tinylytics.app.")
        return
    yield ok("sites", f"{counted(len(sites), 'site')}")
    if client.preferences.site is not None:
        try:
            await find_site(api, None)
        except TinylyticsError as error:
            yield failed("site", "TINYLYTICS_SITE names no site of this account", str(error))
    for site in sites[:MOST_SITES] if me.is_subscribed is not False else []:
        yield await _of_features(api, site)
    if len(sites) > MOST_SITES:
        yield ok("features", f"not looked at for {len(sites) - MOST_SITES} more sites")


async def _of_features(api: CallContext, site: SiteReply) -> Finding:
    found: dict[str, str] = {}
    for name, endpoint in _FEATURES.items():
        try:
            reply = await read_premium_or_unknown(api, endpoint, site.id)
            found[name] = reply.why if isinstance(reply, Unknown) else "on"
        except TinylyticsError:
            found[name] = "failed"
    text = f"{site.quoted}: {', '.join(f'{name} {state}' for name, state in found.items())}"
    is_all = set(found.values()) == {"on"}
    remedy = None if is_all else "What is off can be switched on in the site's settings on Tinylytics."
    return ok("features", text, remedy)


def of_hosts(system: System) -> list[Finding]:
    """Return in which hosts this server is entered, and whether what an entry names is there."""
    findings: list[Finding] = []
    for host in HOSTS.values():
        file = host.file(system)
        if host.name in ("codex", "other") or not file.is_file():
            continue
        try:
            found: Any = json_edit.read(file.read_text("utf-8"))
            entry: Any = found.get(host.section, {}).get(NAME)
            if isinstance(entry, dict):
                findings.append(_of_entry(host, file, cast("dict[str, Any]", entry)))
        except (OSError, ValueError, AttributeError, TypeError):  # not JSON, or of another form
            form = f"Mend the file: it should be JSON, with an object {host.section}."
            findings.append(warning(host.name, f"{file} is not of the form that {host.title} reads", form))
    none = warning("hosts", "no host that is known has this server", f"`{CALLED} install HOST` enters it.")
    return findings or [none]


def _of_entry(host: Host, file: Path, entry: Mapping[str, Any]) -> Finding:
    again = f"`{CALLED} install {host.name}` writes it anew; {file} is where it stands."
    command = entry.get("command")
    if command is None:
        return ok(host.name, "entered, with an address")
    env, arguments = entry.get("env", {}), entry.get("args", [])
    if shutil.which(str(command)) is None:
        return failed(host.name, "its entry starts a program that is not there", again)
    if not Path(str(command)).is_absolute():
        text = "its entry starts a program by its bare name, which a desktop program may not find"
        return warning(host.name, text, again)
    if not (env.get(API_KEY) or env.get(API_KEY_FILE) or "--demo" in arguments):
        text = "its entry names no key, and a program does not see what is set in a terminal"
        return warning(host.name, text, again)
    key_file = env.get(API_KEY_FILE)
    if key_file and not Path(key_file).expanduser().is_file():
        return failed(host.name, "its entry names a key file that is not there", again)
    if [str(command), *arguments][: len(start_command())] != start_command():
        return ok(host.name, "entered; its entry starts another copy of this program than the one that runs now")
    return ok(host.name, "entered, with the made-up account" if "--demo" in arguments else "entered")
