"""Records many hits: all of them checked first, then sent to `POST /sites/:id/hits/batch`, a hundred at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, cast

from pydantic import Field, ValidationError

from tinylytics_tools import sanitize
from tinylytics_tools.answer import Cell, Table
from tinylytics_tools.arguments import Site
from tinylytics_tools.client import CallContext, WritingApi
from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.errors import InvalidArgument, OutcomeUnknown
from tinylytics_tools.hits.api import CHANGED_BY_HITS
from tinylytics_tools.hits.create import FOR_GOOD, HitRow
from tinylytics_tools.replies import Count, Reply
from tinylytics_tools.scope import SiteAnswer
from tinylytics_tools.site_lookup import SITES, SiteReply, find_site
from tinylytics_tools.tool import NO_PAST, is_past, problem, tool
from tinylytics_tools.writes.attempt import IGNORED, Attempt, attempt
from tinylytics_tools.writes.dry_run import SHOWN_ENCODED, first_rows, would_send_rows
from tinylytics_tools.writes.record import Write
from tinylytics_tools.writes.validation import Flag

CHUNK = 100
"""Rows a request, so that one lost answer leaves no more of them unknown."""
MOST_ROWS = 500
MOST_PROBLEMS = 3
BACK_DATED = "hits cannot be back-dated"

FIELDS = list(HitRow.model_fields)

HitRows = Annotated[
    list[Any],
    Field(
        min_length=1,
        max_length=MOST_ROWS,
        json_schema_extra={
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in FIELDS},
                "required": ["path"],
                "additionalProperties": False,
            }
        },
    ),
]
"""Rows as a model writes them; `_check` looks at each by itself, so that a wrong one is named by its index."""

GoodRow = tuple[int, dict[str, Any]]
"""The index of a row in the call, and the row as it is sent."""
BadRow = tuple[int, str]
"""The index of a row that cannot be sent, and why."""


class RowReply(Reply):
    """The outcome of one row; `index` counts within the request. How a row says why is not in the API document."""

    index: Count
    status: Literal["created", "ignored", "error"]
    reason: str | None = None
    error: str | None = None
    errors: list[str] = []


class BatchReply(Reply):
    """Each row has its own outcome (API document, Payload rules)."""

    results: list[RowReply]


BATCH = Endpoint("POST", "/sites/{site_id}/hits/batch", BatchReply, invalidates=CHANGED_BY_HITS)

Status = Literal["ignored", "refused", "invalid", "unknown", "not sent"]


class CreatedHits(SiteAnswer):
    """Counts of rows, which add up to `rows`. Indexes count from 0 in the `hits` of the call."""

    from_visitors = ("why",)
    may_not_apply = ("would_send",)

    rows: int
    created: int = 0
    ignored: int = 0
    refused: int = 0
    invalid: int = 0
    unknown: int = 0
    not_sent: int = 0
    repeated: bool = False
    not_created: Table
    would_send: Table | None = None


@dataclass
class RowCounts:
    """The outcomes of rows so far; `others` are index, status and reason of those that were not created."""

    created: int = 0
    is_repeated: bool = False
    others: list[tuple[int, Status, str]] = field(default_factory=list[tuple[int, Status, str]])
    notes: list[str] = field(default_factory=list[str])

    def add(self, rows: Sequence[GoodRow], status: Status, why: str) -> None:
        """Record one outcome for all these rows."""
        self.others.extend((index, status, why) for index, _ in rows)

    def count(self, status: Status) -> int:
        """Return how many rows have this outcome."""
        return sum(one == status for _, one, _ in self.others)

    def table(self) -> Table:
        """Return those that were not created, one row for all that have the same outcome."""
        outcomes: dict[tuple[Status, str], list[int]] = {}
        for index, status, why in sorted(self.others):
            outcomes.setdefault((status, why), []).append(index)
        rows: list[list[Cell]] = [[_ranges(at), len(at), status, why] for (status, why), at in outcomes.items()]
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
    good, bad = _check(hits)
    if not good or (bad and not skip_invalid):
        raise _invalid(good, bad)
    if dry_run:
        counts = RowCounts()
        counts.add(good, "not sent", "a dry run")
        request = f"they would go to POST /sites/{target.id}/hits/batch, in requests: {-(-len(good) // CHUNK)}"
        counts.notes += [request, SHOWN_ENCODED]
    else:
        counts = await _send(api, target, good, again=bool(allow_repeat))
    counts.others.extend((index, "invalid", why) for index, why in bad)
    if counts.count("ignored"):
        counts.notes.append(IGNORED)
    if slashes := [index for index, _ in good if not hits[index]["path"].strip().startswith("/")]:
        counts.notes.append(f"a leading slash was added to the paths of rows {_ranges(slashes)}")
    unknown, not_sent = counts.count("unknown"), counts.count("not sent")
    return CreatedHits(
        headline=_headline(target, len(hits), counts, is_dry=bool(dry_run)),
        complete=bool(dry_run) or not (unknown or not_sent),
        notes=[FOR_GOOD, *counts.notes],
        next_step=_next_step(unknown, not_sent) if not dry_run else None,
        site_id=target.id,
        site=target.name,
        rows=len(hits),
        created=counts.created,
        ignored=counts.count("ignored"),
        refused=counts.count("refused"),
        invalid=len(bad),
        unknown=unknown,
        not_sent=not_sent,
        repeated=counts.is_repeated,
        not_created=counts.table(),
        would_send=would_send_rows(good) if dry_run else None,
    )


async def _send(api: CallContext, site: SiteReply, rows: list[GoodRow], *, again: bool) -> RowCounts:
    """Send a hundred after the other, until an answer is lost or a hundred is refused as a whole.

    Raises:
        TinylyticsError: the first hundred was refused, or never left.
    """
    counts = RowCounts()
    for start in range(0, len(rows), CHUNK):
        chunk, rest = rows[start : start + CHUNK], rows[start + CHUNK :]
        tried = await _send_chunk(api, site, rows, start, again=again)
        counts.is_repeated = counts.is_repeated or tried.repeated_s is not None
        counts.notes.extend(note for note in tried.notes if note not in counts.notes)
        if tried.error is None:
            counts.created += tried.result["created"]
            counts.others.extend((index, status, why) for index, status, why in tried.result["others"])
            continue
        if isinstance(tried.error, OutcomeUnknown):
            counts.add(chunk, "unknown", f"{tried.error.why} after they had been sent once")
            counts.add(rest, "not sent", "the outcome of those before them is unknown")
        elif start == 0:
            raise tried.error
        else:
            counts.add([*chunk, *rest], "not sent", str(tried.error).partition(". ")[0])
        break
    return counts


async def _send_chunk(api: CallContext, site: SiteReply, rows: list[GoodRow], start: int, *, again: bool) -> Attempt:
    chunk = rows[start : start + CHUNK]

    async def send() -> dict[str, Any]:
        return _result(chunk, await api.call(BATCH, body=[body for _, body in chunk], site_id=site.id))

    # Equal hundreds of one call are no repeats of one another, and those of a shorter or longer call are others.
    write = Write("create_hits", site.id, [start, rows], path=chunk[0][1]["path"], rows=len(chunk))
    return await attempt(api, write, send, again=again)


def _result(chunk: list[GoodRow], reply: BatchReply) -> dict[str, Any]:
    created = 0
    others: list[tuple[int, Status, str]] = []
    for place, (index, _) in enumerate(chunk):
        results = {result.status: result for result in reply.results if result.index == place}
        if len(results) != 1:
            why = "the service said two different things" if results else "the service did not say"
            others.append((index, "unknown", why))
        elif "created" in results:
            created += 1
        else:
            (result,) = results.values()
            reason = sanitize.prose(result.reason or result.error or "; ".join(result.errors), cap=200)
            status: Status = "ignored" if result.status == "ignored" else "refused"
            others.append((index, status, reason or "the service gave no reason"))
    return {"created": created, "others": others}


def _check(rows: Sequence[Any]) -> tuple[list[GoodRow], list[BadRow]]:
    """Return the rows that can be sent, and those that cannot. A null is a field that was left out."""
    good: list[GoodRow] = []
    bad: list[BadRow] = []
    for index, row in enumerate(rows):
        if not isinstance(row, dict):
            bad.append((index, "give an object with at least a path"))
            continue
        given = {str(name): value for name, value in cast("dict[Any, Any]", row).items() if value is not None}
        try:
            good.append((index, HitRow.model_validate(given).model_dump(exclude_none=True)))
        except ValidationError as error:
            found = error.errors()
            past = [BACK_DATED] if any(map(is_past, found)) else []
            bad.append((index, "; ".join([*past, *(problem(FIELDS, one, kind="field") for one in found[:2])])))
    return good, bad


def _invalid(good: list[GoodRow], bad: list[BadRow]) -> InvalidArgument:
    alike: dict[str, list[int]] = {}
    for index, why in bad:
        alike.setdefault(why, []).append(index)
    shown = list(alike.items())[:MOST_PROBLEMS]
    problems = ". ".join(f"Row {_ranges(at)}: {why}" for why, at in shown)
    others = len(bad) - sum(len(at) for _, at in shown)
    more = f", and {others} more" if others else ""
    past = f"{NO_PAST['hits']} " if any(why.startswith(BACK_DATED) for why in alike) else ""
    fix = "Leave out those of another time" if past else "Correct them"
    fix += ", or let skip_invalid send the others." if good else "."
    return InvalidArgument(
        f"Nothing was sent: {past}{len(bad)} of {len(good) + len(bad)} rows are wrong, counted from 0. {problems}"
        f"{more}. {fix}"
    )


def _headline(site: SiteReply, rows: int, counts: RowCounts, *, is_dry: bool) -> str:
    if is_dry:
        return (
            f"Nothing was sent. Without dry_run, {counts.count('not sent')} of {rows} hits would go to {site.quoted}."
        )
    statuses: tuple[Status, ...] = ("ignored", "refused", "invalid", "unknown", "not sent")
    others = "".join(f"; {counts.count(status)} {status}" for status in statuses if counts.count(status))
    repeated = " A part of this, or all, is what the same call got before; that was not sent again."
    return f"Recorded {counts.created} of {rows} hits on {site.quoted}{others}.{repeated if counts.is_repeated else ''}"


def _next_step(unknown: int, not_sent: int) -> str | None:
    if unknown:
        return (
            "list_hits with period today shows whether the unknown rows were stored. They were not sent again, since "
            "hits cannot be removed; send what is missing in a new call with those rows only."
        )
    return "Send the rows that were not sent in a new call with those only." if not_sent else None


def _ranges(indexes: Sequence[int]) -> str:
    """Return ascending indexes as `0-3, 7`."""
    runs: list[list[int]] = []
    for index in indexes:
        if runs and index == runs[-1][1] + 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


TOOLS = [create_hits]
