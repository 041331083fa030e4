"""The process itself: killed, ended, its clock set wrong, and few descriptors left to it."""

import asyncio
import os
import signal
import sqlite3
import tempfile
from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import httpx2 as httpx
from hosts import TRANSPORTS, Host, host
from jobs import Form, Job
from report import Part
from support.kills import kill
from tinylytics_mcp.fake_api import FakeApi
from upstream import Upstream

KILLS = 50
HITS_A_DAY = 3
DAY_S = 86_400


def jobs(form: Form) -> list[Job]:
    """Each is a part of its own."""
    return [
        partial(_kills, form.seed, 10 if form.is_short else KILLS),
        partial(_ends, form.seed),
        *(partial(_clocks, transport) for transport in TRANSPORTS[: 1 if form.is_short else 3]),
        _descriptors,
    ]


async def _kills(seed: int, times: int) -> list[Part]:
    part = Part("kill -9 while writes are recorded")
    with tempfile.TemporaryDirectory() as folder:
        losses = await asyncio.to_thread(kill, Path(folder), times, seed)
    part.ran = losses.kills
    part.counted["writes"] = losses.writes
    part.failures += [f"{losses.sent} sent without an intent"] if losses.sent else []
    part.failures += [f"{losses.told} told without an outcome"] if losses.told else []
    part.failures += [f"{losses.broken} files torn"] if losses.broken else []
    return [part]


async def _ends(seed: int) -> list[Part]:
    """Signals and pipes that close: the process ends, at once and without a trace."""
    part = Part("ends")
    service = Upstream(FakeApi(hourly_limit=10**9))
    rng = Random(seed)  # noqa: S311 - moments
    for how in ("SIGTERM", "SIGINT", "stdin closed") * 4:
        async with service.serving(), host("stdio", service.base_url, ("-m", "tinylytics_mcp")) as at:
            assert at.process.stdin
            call = asyncio.create_task(at.call("list_sites", {}))
            await asyncio.sleep(rng.uniform(0, 2))
            if how.startswith("SIG"):
                os.kill(at.process.pid, getattr(signal, how))
            else:
                at.process.stdin.close()
            try:
                await asyncio.wait_for(at.process.wait(), 30)
                problem = None
            except TimeoutError:
                problem = "it goes on after thirty seconds"
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            await asyncio.sleep(0.05)
            part.cell(how, problem, "a trace" if b"Traceback" in at.output else None)
    return [part]


async def _clocks(transport: str) -> list[Part]:
    """A clock that is set forward and back, and over midnight: figures are those of the days that are told."""
    part = Part("clock jumps")
    api = FakeApi(hits=0, hourly_limit=10**9)
    api.connection.execute("DELETE FROM sites")
    now = datetime.now(UTC)
    site = api.add_site(label="Site", url="https://site.example", created_at=int(now.timestamp()) - 90 * DAY_S)
    first = now.date() - timedelta(days=20)
    begin = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp())
    days = range((now.date() - first).days)  # none of today, which goes on
    api.add_hits(
        site, [{"created_at": begin + d * DAY_S + n, "path": "/"} for d in days for n in range(HITS_A_DAY + d)]
    )
    to_midnight = int(DAY_S - now.timestamp() % DAY_S)
    jumps = {
        "right": 0,
        "an hour forward": 3600,
        "an hour back": -3600,
        "to just before midnight": to_midnight - 2,
        "just over midnight": to_midnight + 2,
        "back before midnight": to_midnight - 2,
        "to the day before": to_midnight - DAY_S - 2,
        "a day forward": DAY_S,
        "a day back": -DAY_S,
        "right again": 0,
    }
    with tempfile.TemporaryDirectory() as folder:
        clock = Path(folder) / "clock"
        clock.write_text("0")
        async with (
            Upstream(api).serving() as service,
            host(transport, service.base_url, cached=True, settings={"RELIABILITY_CLOCK": str(clock)}) as at,
        ):
            for number, (name, by) in enumerate(jumps.items()):
                clock.write_text(str(by))
                part.cell(
                    f"{transport}: {name}", *await _figures(at, site, first), *await _counts(at, service, site, number)
                )
    return [part]


async def _figures(at: Host, site: int, first: Any) -> list[str | None]:
    """Two figures, of days that are told and of days that are given, each against a plain count."""
    problems = list[str | None]()
    for days in ({"period": "last_7_days"}, {"start_date": str(first), "end_date": str(first + timedelta(days=9))}):
        answer, text = await at.call("rank_traffic", {"site": str(site), "dimension": "path", **days})
        if answer is None:
            problems.append(f"no answer: {text[:200]}")
            continue
        start, end = (datetime.fromisoformat(answer[name]).date() for name in ("first_day", "last_day"))
        told = ((start + timedelta(days=n)) - first for n in range((end - start).days + 1))
        today = (datetime.now(UTC).date() - first).days
        right = sum(HITS_A_DAY + one.days for one in told if 0 <= one.days < today)
        problems += [
            None if answer["hits"] == right else f"{answer['hits']} hits from {start} to {end}, there are {right}"
        ]
        stored_s = answer.get("stored_s") or 0
        problems += [None if 0 <= stored_s <= 3 * DAY_S else f"a reply of {stored_s} s ago was used"]
    return problems


async def _counts(at: Host, service: Upstream, site: int, number: int) -> list[str | None]:
    """A write is done once, and one that is said again is not done again; each request is counted."""
    kudo = {"site": str(site), "path": f"/{number}", "custom_uid": f"jump-{number}"}
    asked = service.asked
    await at.call("create_kudo", kudo)
    _, text = await at.call("create_kudo", kudo)
    stored = service.api.connection.execute("SELECT COUNT(*) FROM kudos WHERE path = ?", (kudo["path"],)).fetchone()[0]
    with closing(sqlite3.connect(at.folder / "state.sqlite3")) as file:
        counted = file.execute("SELECT SUM(LENGTH(value) / 8 - 4) FROM hours").fetchone()[0]
    sent = service.asked - asked
    return [
        None if stored == 1 else f"the kudo is there {stored} times: {text[:200]}",
        None if counted >= sent else f"{counted} requests are counted, {sent} were sent",
        "a trace" if b"Traceback" in at.output else None,
    ]


async def _descriptors() -> list[Part]:
    """Few descriptors, and strangers who take them: the server says that it lives, and answers or says why not."""
    part = Part("few descriptors")
    async with Upstream(FakeApi(hourly_limit=10**9)).serving() as service:
        for most in (64, 128, 256):
            async with (
                host("http", service.base_url, settings={"RELIABILITY_DESCRIPTORS": str(most)}) as at,
                AsyncExitStack() as strangers,
                httpx.AsyncClient(timeout=10, trust_env=False) as http,
            ):
                port = int(at.address.rpartition(":")[2])
                for count in range(6):
                    answer, text = await at.call("list_sites", {})
                    health = (await http.get(f"{at.address}/health")).status_code
                    part.cell(
                        f"{most} descriptors, {count * 50} strangers",
                        None if answer or "try again" in text else f"no answer: {text[:200]}",
                        None if health == 200 else f"/health answers {health}",
                        "a trace" if b"Traceback" in at.output else None,
                        None if at.process.returncode is None else "the process ended",
                    )
                    for number in range(50):
                        _, writer = await asyncio.open_connection("127.0.0.1", port)
                        strangers.callback(writer.close)
                        if number % 2:
                            writer.write(b"POST /mcp HTTP/1.1\r\nhost: localhost\r\n")
                    at.end_of_the_hour()
    return [part]
