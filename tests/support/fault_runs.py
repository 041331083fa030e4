"""Create and delete through a service that fails, as an assistant does that follows each error, and count faults."""

import random
import re
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx2 as httpx
from support.client import BASE_URL, NOW, Connected, connect, network_of, text_of
from support.faults import Fault, Faulty
from support.writes import add, agreeing, fake_api
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY, FakeApi

RATE = 0.12
FAULTS = tuple(fault for fault in Fault if fault is not Fault.TWICE)
"""What happens between two that send each thing once; a proxy that sends a request twice is not in the figures."""
MOST_TRIES = 25
BLIND_TRIES = 4
CALLS_APART = timedelta(seconds=7)


@dataclass
class Figures:
    """What came of many writes. `wrong`: told otherwise than it was. `unknown`: told as not known, as it should be."""

    writes: int
    calls: int
    duplicates: int
    wrong: int
    unknown: int = 0


@dataclass
class Bench:
    """A failing service, a client before it, and the time, which goes on with every call."""

    service: FakeApi
    site: str
    network: Faulty
    host: Connected
    time: list[datetime]
    calls: int = 0

    async def call(self, tool: str, **arguments: Any) -> tuple[dict[str, Any] | None, str]:
        """The structured half of an answer, or None and the text of the error."""
        self.calls += 1
        self.time[0] += CALLS_APART
        result = await self.host.call(tool, site=self.site, **arguments)
        return (None if result.is_error else result.structured_content), text_of(result)

    async def stored(self, table: str, column: str) -> Counter[str]:
        """How often each value is stored, once all that was held back has arrived."""
        await self.network.deliver_late_ones()
        return Counter(row[0] for row in self.service.connection.execute(f"SELECT {column} FROM {table}"))  # noqa: S608 - names of this file


def plan(seed: int) -> Callable[[httpx.Request], Fault | None]:
    """Faults at random, in an order that a seed gives, of reads and writes alike."""
    dice = random.Random(seed)  # noqa: S311 - faults, not secrets
    return lambda _: dice.choice(FAULTS) if dice.random() < RATE else None


@asynccontextmanager
async def bench(seed: int, *uids: str) -> AsyncGenerator[Bench]:
    """A bench over an account that has these kudos."""
    service, time = fake_api(), [NOW]
    site = add(service, *uids)
    network = Faulty(network_of(service), plan(seed))
    async with connect(network, clock=lambda: time[0], elicitation=agreeing) as host:
        yield Bench(service, site, network, host, time)


async def create_kudos(count: int, seed: int) -> Figures:
    """A kudo for each of many pages; an error that names a call is answered with that call."""
    async with bench(seed) as at:
        created: set[str] = set()
        for path in (f"/page/{number}" for number in range(count)):
            arguments = {"path": path}
            for _ in range(MOST_TRIES):
                answer, said = await at.call("create_kudo", **arguments)
                if answer is not None:
                    created.add(path)
                    break
                named = re.search(r"create_kudo with path \S+ and custom_uid (\S+?)\.?$", said)
                if named is not None:
                    arguments["custom_uid"] = named[1]
        stored = await at.stored("kudos", "path")
        wrong = len(created ^ set(stored))
        return Figures(count, at.calls, sum(stored.values()) - len(stored), wrong)


async def record_hits(count: int, seed: int) -> Figures:
    """A hit on each of many pages; what is not known is left, what was not sent is sent again."""
    async with bench(seed) as at:
        created: set[str] = set()
        unknown: set[str] = set()
        for path in (f"/page/{number}" for number in range(count)):
            for _ in range(MOST_TRIES):
                answer, said = await at.call("create_hit", path=path)
                if answer is not None:
                    created.add(path)
                    break
                if "not known whether" in said:
                    unknown.add(path)
                    break
        stored = await at.stored("hits", "path")
        wrong = len(created - set(stored)) + len(set(stored) - created - unknown)
        return Figures(count, at.calls, sum(stored.values()) - len(stored), wrong, len(unknown))


async def delete_kudos(count: int, seed: int) -> Figures:
    """Each of many kudos, until it is told as deleted; nobody else deletes, so `not found` is wrong as well."""
    uids = [f"kudo-{number}" for number in range(count)]
    async with bench(seed, *uids) as at:
        deleted: set[str] = set()
        wrong = 0
        for uid in uids:
            for _ in range(MOST_TRIES):
                answer, said = await at.call("delete_kudo", uid=uid)
                if answer is not None:
                    deleted.add(uid)
                    break
                wrong += "did not find" in said or "No kudo of" in said
        left = set(await at.stored("kudos", "uid"))
        return Figures(count, at.calls, 0, wrong + len(deleted & left) + len(set(uids) - deleted - left))


async def retry_blindly(what: str, count: int, seed: int) -> Figures:
    """The same writes by a client that sends again whatever did not visibly succeed."""
    service, calls = fake_api(), 0
    site = add(service)
    network = Faulty(network_of(service), plan(seed))
    headers = {"authorization": f"Bearer {FULL_ACCESS_KEY}"}
    wrong = 0
    async with httpx.AsyncClient(transport=network, headers=headers) as client:
        for path in (f"/page/{number}" for number in range(count)):
            for _ in range(BLIND_TRIES):
                calls += 1
                try:
                    response = await client.post(f"{BASE_URL}/sites/{site}/{what}", json={"path": path})
                    if response.json()["status"] == "created":
                        break
                except (httpx.TransportError, ValueError, KeyError):
                    continue
            else:
                wrong += 1
    await network.deliver_late_ones()
    stored = Counter(row[0] for row in service.connection.execute(f"SELECT path FROM {what}"))  # noqa: S608 - names of this file
    return Figures(count, calls, sum(stored.values()) - len(stored), wrong)
