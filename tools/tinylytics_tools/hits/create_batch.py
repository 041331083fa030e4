"""Records many hits: all of them checked first, then sent to `POST /sites/:id/hits/batch`, a hundred at a time."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, TypeVar, cast

from pydantic import Field, ValidationError

from tinylytics_tools import sanitize
from tinylytics_tools.answer import Table
from tinylytics_tools.arguments import Site
from tinylytics_tools.client import CallContext, WritingApi
from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.hits.api import CHANGED_BY_HITS
from tinylytics_tools.hits.create import FOR_GOOD, HitRow
from tinylytics_tools.replies import Count, Reply
from tinylytics_tools.scope import SiteAnswer
from tinylytics_tools.site_lookup import SITES, SiteReply, find_site
from tinylytics_tools.tables import counted
from tinylytics_tools.tool import NO_PAST, is_past, problem, tool
from tinylytics_tools.writes.attempt import IGNORED, attempt
from tinylytics_tools.writes.dry_run import SHOWN_ENCODED, first_rows, would_send_rows
from tinylytics_tools.writes.record import EVERY, Write
from tinylytics_tools.writes.validation import Flag

T = TypeVar("T")
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

Row = tuple[int, dict[str, Any]]
"""The index of a row in the call, and the row as it is sent."""


class RowReply(Reply):
    """The outcome of one row; `index` counts within the request. How a row says why is not in the API document."""

    index: Count
    status: str
    reason: Any = None
    error: Any = None
    errors: Any = None


class BatchReply(Reply):
    """Each row has its own outcome (API document, Payload rules)."""

    results: list[RowReply]


BATCH = Endpoint("POST", "/sites/{site_id}/hits/batch", BatchReply, invalidates=CHANGED_BY_HITS)


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
class Outcomes:
    """What became of rows so far; `others` were not created: their index, status and reason."""

    created: int = 0
    is_repeated: bool = False
    others: list[tuple[int, str, str]] = field(default_factory=list[tuple[int, str, str]])
    notes: list[str] = field(default_factory=list[str])

    def add(self, rows: Iterable[tuple[int, Any]], status: str, why: str) -> None:
        """Record one outcome for all these rows."""
        self.others.extend((index, status, why) for index, _ in rows)


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
        raise _invalid(bad, len(hits))
    if dry_run:
        found = Outcomes()
        found.add(good, "not sent", "a dry run")
        request = f"they would go to POST /sites/{target.id}/hits/batch, in requests: {-(-len(good) // CHUNK)}"
        found.notes += [request, SHOWN_ENCODED]
    else:
        found = await _send(api, target, good, EVERY if allow_repeat else 0)
    found.others.extend((index, "invalid", why) for index, why in bad)
    counts = Counter(status for _, status, _ in found.others)
    bare = [index for index, _ in good if not hits[index]["path"].strip().startswith("/")]
    slashes = f"a leading slash was added to {counted(len(bare), 'path')}, first in row {min(bare, default=0)}"
    found.others.sort(key=lambda one: (_STATUSES.index(one[1]), one[0]))
    alike = _alike((index, (status, why)) for index, status, why in found.others)
    return CreatedHits(
        headline=_headline(target, len(hits), found.created, counts, is_dry=bool(dry_run))
        + (_REPEATED if found.is_repeated else ""),
        complete=bool(dry_run) or not (counts["unknown"] or counts["not sent"]),
        notes=[
            FOR_GOOD,
            *found.notes,
            *([IGNORED] if counts["ignored"] else []),
            *([slashes] if bare else []),
        ],
        next_step=None if dry_run else next((step for status, step in _NEXT.items() if counts[status]), None),
        site_id=target.id,
        site=target.name,
        rows=len(hits),
        created=found.created,
        ignored=counts["ignored"],
        refused=counts["refused"],
        invalid=counts["invalid"],
        unknown=counts["unknown"],
        not_sent=counts["not sent"],
        repeated=found.is_repeated,
        not_created=first_rows(
            ["indexes", "count", "status", "why"], [[_ranges(at), len(at), *one] for one, at in alike.items()]
        ),
        would_send=would_send_rows(good) if dry_run else None,
    )


async def _send(api: CallContext, site: SiteReply, rows: list[Row], past: int) -> Outcomes:
    """Send a hundred after the other, until an answer is lost or a hundred is refused as a whole; raise its error where
    the first was refused, or never left."""
    found = Outcomes()
    for start in range(0, len(rows), CHUNK):
        chunk, rest = rows[start : start + CHUNK], rows[start + CHUNK :]
        # Equal hundreds of one call are no repeats of one another, and those of a shorter or longer call are others.
        write = Write("create_hits", site.id, [start, rows], path=chunk[0][1]["path"], rows=len(chunk))
        tried = await attempt(api, write, partial(_send_chunk, api, site, chunk), past=past)
        found.is_repeated = found.is_repeated or tried.repeated_s is not None
        found.notes.extend(note for note in tried.notes if note not in found.notes)
        if tried.error is None:
            found.created += tried.result["created"]
            found.others.extend((index, status, why) for index, status, why in tried.result["others"])
            continue
        if tried.unknown:
            found.add(chunk, "unknown", tried.unknown)
            found.add(rest, "not sent", "the outcome of those before them is unknown")
        elif start == 0:
            raise tried.error
        else:
            found.add(chunk, tried.outcome.value, str(tried.error))
            found.add(rest, "not sent", "those before them were not stored")
        break
    return found


async def _send_chunk(api: CallContext, site: SiteReply, chunk: list[Row]) -> dict[str, Any]:
    reply = await api.call(BATCH, body=[body for _, body in chunk], site_id=site.id)
    created = 0
    others: list[tuple[int, str, str]] = []
    for place, (index, _) in enumerate(chunk):
        results = {result.status: result for result in reply.results if result.index == place}
        if len(results) != 1:
            why = "the service said two different things" if results else "the service did not say"
            others.append((index, "unknown", why))
        elif "created" in results:
            created += 1
        else:
            (result,) = results.values()
            said = result.reason or result.error or result.errors or ""
            parts = cast("list[Any]", said) if isinstance(said, list) else [said]
            reason = sanitize.prose("; ".join(map(str, parts)), cap=200)
            status = {"ignored": "ignored", "error": "refused"}.get(result.status, "unknown")
            others.append((index, status, reason or "the service gave no reason"))
    return {"created": created, "others": others}


def _check(rows: Sequence[Any]) -> tuple[list[Row], list[tuple[int, str]]]:
    """Return the rows that can be sent, and those that cannot, with why. A null is a field that was left out."""
    good: list[Row] = []
    bad: list[tuple[int, str]] = []
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


def _invalid(bad: list[tuple[int, str]], rows: int) -> InvalidArgument:
    alike = _alike(bad)
    shown = list(alike.items())[:MOST_PROBLEMS]
    problems = ". ".join(f"Row {_ranges(at)}: {why}" for why, at in shown)
    others = len(bad) - sum(len(at) for _, at in shown)
    more = f", and {others} more" if others else ""
    past = f"{NO_PAST['hits']} " if any(why.startswith(BACK_DATED) for why in alike) else ""
    fix = "Leave out those of another time" if past else "Correct them"
    fix += ", or let skip_invalid send the others." if len(bad) < rows else "."
    return InvalidArgument(
        f"Nothing was sent: {past}{len(bad)} of {rows} rows are wrong, counted from 0. {problems}{more}. {fix}"
    )


def _headline(site: SiteReply, rows: int, created: int, counts: Counter[str], *, is_dry: bool) -> str:
    if is_dry:
        return f"Nothing was sent. Without dry_run, {counts['not sent']} of {rows} hits would go to {site.quoted}."
    others = "".join(f"; {counts[status]} {status}" for status in _STATUSES if counts[status])
    return f"Recorded {created} of {rows} hits on {site.quoted}{others}."


def _alike(rows: Iterable[tuple[int, T]]) -> dict[T, list[int]]:
    """Return the indexes of the rows that say the same."""
    indexes: dict[T, list[int]] = {}
    for index, said in rows:
        indexes.setdefault(said, []).append(index)
    return indexes


def _ranges(indexes: Sequence[int]) -> str:
    """Return ascending indexes as `0-3, 7`."""
    runs: list[list[int]] = []
    for index in indexes:
        if runs and index == runs[-1][1] + 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


_STATUSES = ("unknown", "not sent", "refused", "invalid", "ignored")
"""Of rows that were not created; what the next call needs is first, and stays where an answer has to be shortened."""
_REPEATED = " A part of this, or all, is what the same call got before; that was not sent again."
_NEXT = {
    "unknown": "list_hits with period today shows whether the unknown rows were stored. They were not sent again, "
    "since hits cannot be removed; send what is missing in a new call with those rows only.",
    "not sent": "Send the rows that were not sent in a new call with those only.",
}

TOOLS = [create_hits]
