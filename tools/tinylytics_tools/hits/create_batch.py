"""Records many hits: `POST /sites/:id/hits/batch`, a hundred at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tinylytics_tools import sanitize
from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.arguments import Site
from tinylytics_tools.client import CallContext, WritingApi
from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.errors import InvalidArgument, OutcomeUnknown
from tinylytics_tools.hits.api import CHANGED_BY_HITS
from tinylytics_tools.hits.create import FOR_GOOD
from tinylytics_tools.hits.rows import BadRow, GoodRow, HitRows, check
from tinylytics_tools.replies import Count, Reply
from tinylytics_tools.scope import SiteAnswer
from tinylytics_tools.site_lookup import SITES, SiteReply, find_site
from tinylytics_tools.tool import tool
from tinylytics_tools.writes.attempt import Attempt, attempt
from tinylytics_tools.writes.dry_run import SHOWN_ENCODED, first_rows, would_send_rows
from tinylytics_tools.writes.record import Write
from tinylytics_tools.writes.validation import Flag

CHUNK = 100
"""Rows a request, so that one lost answer leaves no more of them unknown."""
MOST_PROBLEMS = 3


class RowReply(Reply):
    """What came of one row; `index` counts within the request. How a row says why is not in the API document."""

    index: Count
    status: Literal["created", "ignored", "error"]
    reason: str | None = None
    error: str | None = None
    errors: list[str] = []


class BatchReply(Reply):
    """Each row fares by itself (API document, Payload rules)."""

    results: list[RowReply]


BATCH = Endpoint("POST", "/sites/{site_id}/hits/batch", BatchReply, invalidates=CHANGED_BY_HITS)

Status = Literal["ignored", "refused", "invalid", "unknown", "not sent"]


class CreatedHits(SiteAnswer):
    """Counts of rows, which add up to `rows`. Indexes count from 0 in the `hits` of the call."""

    from_visitors = ("why",)

    rows: int
    created: int = 0
    ignored: int = 0
    refused: int = 0
    invalid: int = 0
    unknown: int = 0
    not_sent: int = 0
    repeated: bool = False
    not_created: Table
    would_send: Table


@dataclass
class RowCounts:
    """What came of the rows so far; `others` are index, status and reason of those that were not created."""

    created: int = 0
    is_repeated: bool = False
    others: list[tuple[int, Status, str]] = field(default_factory=list[tuple[int, Status, str]])
    notes: list[str] = field(default_factory=list[str])

    def add(self, rows: Sequence[GoodRow], status: Status, why: str) -> None:
        """All these rows have the same fate."""
        self.others.extend((row.index, status, why) for row in rows)

    def count(self, status: Status) -> int:
        """How many rows have this fate."""
        return sum(one == status for _, one, _ in self.others)

    def table(self) -> Table:
        """Those that were not created, one line for all that have the same fate."""
        fates: dict[tuple[Status, str], list[int]] = {}
        for index, status, why in sorted(self.others):
            fates.setdefault((status, why), []).append(index)
        rows: list[list[Cell]] = [[_ranges(at), len(at), status, why] for (status, why), at in fates.items()]
        return first_rows(["indexes", "count", "status", "why"], rows)


@tool(SITES, BATCH, title="Record many hits")
async def create_hits(
    api: WritingApi,
    hits: HitRows,
    site: Site = None,
    skip_invalid: Flag = None,
    dry_run: Flag = None,
    allow_repeat: Flag = None,
) -> CreatedHits:
    """Record up to 500 hits, page views, with the present time; they cannot be back-dated or removed. All rows are
    checked before any is sent; skip_invalid sends the good ones. The same call within a minute is not sent again,
    unless allow_repeat.
    """
    target = await find_site(api, site)
    good, bad = check(hits)
    if not good or (bad and not skip_invalid):
        raise _invalid(good, bad)
    if dry_run:
        tally = RowCounts()
        tally.add(good, "not sent", "a dry run")
    else:
        tally = await _send(api, target, good, again=bool(allow_repeat))
    tally.others.extend((row.index, "invalid", row.why) for row in bad)
    unknown, not_sent = tally.count("unknown"), tally.count("not sent")
    return CreatedHits(
        headline=_headline(target, len(hits), tally, is_dry=bool(dry_run)),
        complete=bool(dry_run) or not (unknown or not_sent),
        notes=[FOR_GOOD, *tally.notes, *(_how(target, good) if dry_run else [])],
        next_step=_next_step(unknown, not_sent) if not dry_run else None,
        site_id=target.id,
        site=target.name,
        rows=len(hits),
        created=tally.created,
        ignored=tally.count("ignored"),
        refused=tally.count("refused"),
        invalid=len(bad),
        unknown=unknown,
        not_sent=not_sent,
        repeated=tally.is_repeated,
        not_created=tally.table(),
        would_send=would_send_rows([(row.index, row.body) for row in good] if dry_run else []),
    )


async def _send(api: CallContext, site: SiteReply, rows: list[GoodRow], *, again: bool) -> RowCounts:
    """One hundred after the other, until an answer is lost or a hundred is refused as a whole.

    Raises:
        TinylyticsError: the first hundred was refused, or never left.
    """
    tally = RowCounts()
    for start in range(0, len(rows), CHUNK):
        chunk, rest = rows[start : start + CHUNK], rows[start + CHUNK :]
        tried = await _send_chunk(api, site, rows, start, again=again)
        tally.is_repeated = tally.is_repeated or tried.repeated_s is not None
        tally.notes.extend(note for note in tried.notes if note not in tally.notes)
        if tried.error is None:
            tally.created += tried.result["created"]
            tally.others.extend((index, status, why) for index, status, why in tried.result["others"])
            continue
        if isinstance(tried.error, OutcomeUnknown):
            tally.add(chunk, "unknown", f"{tried.error.why} after they had been sent once")
            tally.add(rest, "not sent", "what came of those before them is not known")
            break
        if start == 0:
            raise tried.error
        tally.add([*chunk, *rest], "not sent", str(tried.error).partition(". ")[0])
        break
    return tally


async def _send_chunk(api: CallContext, site: SiteReply, rows: list[GoodRow], start: int, *, again: bool) -> Attempt:
    chunk = rows[start : start + CHUNK]
    # Equal hundreds of one call are no repeats of one another, and those of a shorter or longer call are others.
    same = [start, [[row.index, row.body] for row in rows]]
    return await attempt(
        api,
        Write("create_hits", site.id, same, path=chunk[0].body["path"], rows=len(chunk)),
        lambda: api.call(BATCH, body=[dict(row.body) for row in chunk], site_id=site.id),
        lambda reply: _told(chunk, reply),
        again=again,
    )


def _told(chunk: list[GoodRow], reply: BatchReply) -> dict[str, Any]:
    results = {result.index: result for result in reply.results}
    contradicted = {result.index for result in reply.results if result.status != results[result.index].status}
    created = 0
    others: list[tuple[int, Status, str]] = []
    for place, row in enumerate(chunk):
        result = results.get(place)
        if result is None:
            others.append((row.index, "unknown", "the service did not say"))
        elif place in contradicted:
            others.append((row.index, "unknown", "the service said two different things"))
        elif result.status == "created":
            created += 1
        else:
            said = sanitize.prose(result.reason or result.error or "; ".join(result.errors), cap=200)
            status: Status = "ignored" if result.status == "ignored" else "refused"
            others.append((row.index, status, said or "the service gave no reason"))
    return {"created": created, "others": others}


def _invalid(good: list[GoodRow], bad: list[BadRow]) -> InvalidArgument:
    said = ". ".join(f"Row {row.index}: {row.why}" for row in bad[:MOST_PROBLEMS])
    more = f", and {len(bad) - MOST_PROBLEMS} more" if len(bad) > MOST_PROBLEMS else ""
    fix = "Mend them, or let skip_invalid send the others." if good else "Mend them."
    return InvalidArgument(
        f"Nothing was sent: {len(bad)} of {len(good) + len(bad)} rows are wrong, counted from 0. {said}{more}. {fix}"
    )


def _headline(site: SiteReply, rows: int, tally: RowCounts, *, is_dry: bool) -> str:
    if is_dry:
        return f"Nothing was sent. Without dry_run, {tally.count('not sent')} of {rows} hits would go to {site.name}."
    named: tuple[Status, ...] = ("ignored", "refused", "invalid", "unknown", "not sent")
    others = "".join(f"; {tally.count(status)} {status}" for status in named if tally.count(status))
    again = " A part of this, or all, is what the same call got before; that was not sent again."
    return f"Recorded {tally.created} of {rows} hits on {site.name}{others}.{again if tally.is_repeated else ''}"


def _how(site: SiteReply, rows: list[GoodRow]) -> list[str]:
    requests = -(-len(rows) // CHUNK)
    return [f"they would go to POST /sites/{site.id}/hits/batch, in requests: {requests}", SHOWN_ENCODED]


def _next_step(unknown: int, not_sent: int) -> str | None:
    if unknown:
        return (
            "list_hits with period today shows whether the unknown rows were stored. They were not sent again, since "
            "hits cannot be removed; send what is missing in a new call with those rows only."
        )
    return "Send the rows that were not sent in a new call with those only." if not_sent else None


def _ranges(indexes: Sequence[int]) -> str:
    """Ascending indexes as `0-3, 7`."""
    runs: list[list[int]] = []
    for index in indexes:
        if runs and index == runs[-1][1] + 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


TOOLS = [create_hits]
