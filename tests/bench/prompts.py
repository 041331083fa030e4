"""Measures what following each prompt costs an assistant, beside what the same days would cost as raw pages.

Run it with `PYTHONPATH=tests python tests/bench/prompts.py`. The account is the stand-in's, over 12,000 hits.
"""

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import anyio
import httpx2 as httpx
from support.client import BASE_URL, NOW, connect, network_of, rows_of
from support.prompts import BYTES_PER_TOKEN, Followed, follow
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY, FakeApi
from tinylytics_tools.periods import Window

MOST_CALLS, MOST_TOKENS = 8, 8_000
MOST_BYTES_PER_TOKEN = 3
"""More than raw hits have (2.9 with the tokenizer named in `prompt_calls`), so that they do not look worse than they
are."""

SITE = {"site": "456"}
CASES: list[tuple[str, dict[str, str]]] = [
    ("weekly_report", {}),
    ("weekly_report", SITE),
    ("monthly_report", {}),
    ("monthly_report", SITE),
    ("what_moved", {"since": "2026-11-16"}),
    ("what_moved", SITE | {"since": "2026-11-16"}),
    ("campaign_check", SITE | {"source": "newsletter", "referrer": "news.ycombinator.com"}),
    ("spike_autopsy", SITE | {"day": "2026-11-03"}),
    ("kudos_review", SITE),
    ("health_check", {}),
    ("year_in_review", SITE | {"year": "2026"}),
]
_COMPARED = re.compile(r"(\d+) days? to (\d{4}-\d{2}-\d{2})")


@dataclass
class Raw:
    """What an assistant would read that adds up pages by itself: calls by the API's defaults, and bytes of JSON."""

    client: httpx.AsyncClient
    calls: int = 0
    bytes_read: int = 0

    async def read(self, path: str, **query: str) -> None:
        """Every page of a list, or the one answer that there is."""
        number, last = 1, 1
        while number <= last:
            response = await self.client.get(path, params={**query, "page": str(number)})
            self.calls += 1
            self.bytes_read += len(response.content)
            last = response.json().get("pagination", {}).get("total_pages", 1)
            number += 1


def asked_about(done: Followed, sites: list[int]) -> dict[tuple[str, int], list[Window]]:
    """The days of hits and of kudos that the answers speak of, compared ones too, by site."""
    found: dict[tuple[str, int], list[Window]] = {}
    for answer in (answer for answers in done.answers for answer in answers if "first_day" in answer):
        windows = [Window(date.fromisoformat(answer["first_day"]), date.fromisoformat(answer["last_day"]))]
        for days, last in _COMPARED.findall(answer.get("compared") or ""):
            end = date.fromisoformat(last)
            windows.append(Window(end - timedelta(days=int(days) - 1), end))
        what = "kudos" if "lifetime_kudos" in answer else "hits"
        for site in [answer["site_id"]] if "site_id" in answer else sites:
            found.setdefault((what, site), []).extend(windows)
    return found


def runs(windows: Iterable[Window]) -> list[Window]:
    """The same days, each once, as windows without gaps."""
    days = sorted({day for window in windows for day in window.dates()})
    starts = [day for day in days if day - timedelta(days=1) not in days]
    ends = [day for day in days if day + timedelta(days=1) not in days]
    return [Window(start, end) for start, end in zip(starts, ends, strict=True)]


async def raw_pages(fake_api: FakeApi, done: Followed) -> Raw:
    """The pages that hold what the answers say: single hits and kudos of those days, uptime and content."""
    headers = {"authorization": f"Bearer {FULL_ACCESS_KEY}"}
    async with httpx.AsyncClient(transport=network_of(fake_api), base_url=BASE_URL, headers=headers) as client:
        sites = [site["id"] for site in (await client.get("sites")).json()["sites"]]
        raw = Raw(client)
        for (what, site), windows in asked_about(done, sites).items():
            for run in runs(windows):
                days = {"start_date": run.first.isoformat(), "end_date": run.last.isoformat()}
                await raw.read(f"sites/{site}/{what}", **days)
        for answer in (answer for answers in done.answers for answer in answers if "sites_checked" in answer):
            for row in rows_of(answer["sites"]):
                await raw.read(f"sites/{row['id']}/uptime")
                await raw.read(f"sites/{row['id']}/content")
        return raw


async def main() -> int:
    """Print the table; 1 where a prompt takes more than it may."""
    fake_api = FakeApi(now=lambda: NOW)
    too_much = False
    head = ("prompt", "calls", "text B", "struct. B", "tokens ≤", "raw calls", "raw B", "raw tokens ≥")
    print(("{:24}" + "{:>14}" * 7).format(*head))  # noqa: T201
    async with connect(fake_api) as host:
        for name, arguments in CASES:
            done = await follow(host, name, arguments)
            raw = await raw_pages(fake_api, done)
            shown = name if "site" in arguments else f"{name}, all sites"
            figures = (done.calls, done.text_bytes, done.structured_bytes, done.tokens, raw.calls, raw.bytes_read)
            least = raw.bytes_read // MOST_BYTES_PER_TOKEN
            print(f"{shown:24}" + "".join(f"{figure:14,}" for figure in (*figures, least)))  # noqa: T201
            too_much = too_much or done.calls > MOST_CALLS or done.tokens > MOST_TOKENS
    print(  # noqa: T201
        f"tokens: at most, of the prompt and the larger half, {BYTES_PER_TOKEN} bytes each; of raw pages at least, "
        f"{MOST_BYTES_PER_TOKEN} bytes each. Limits: {MOST_CALLS} calls, {MOST_TOKENS} tokens: "
        f"{'missed' if too_much else 'kept'}"
    )
    return int(too_much)


if __name__ == "__main__":
    sys.exit(anyio.run(main))
