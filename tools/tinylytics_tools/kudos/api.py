"""The endpoints of kudos: reads a site's kudos, and finds the one that a uid names."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Literal

from pydantic import AfterValidator

from tinylytics_tools import paging, sanitize
from tinylytics_tools.client import CallContext
from tinylytics_tools.endpoint import Endpoint, by_window
from tinylytics_tools.errors import InvalidArgument, OutcomeUnknown, TinylyticsError
from tinylytics_tools.periods import Window
from tinylytics_tools.planner import MOST_REQUESTS
from tinylytics_tools.replies import Id, Paged, Reply, Time
from tinylytics_tools.scope import first_day
from tinylytics_tools.site_lookup import SiteReply
from tinylytics_tools.transport.interface import StoreUnavailable
from tinylytics_tools.writes.record import Entry

PER_PAGE = 1000
MOST_PAGES = 30
"""Pages that are read by one question: 30,000 kudos."""
LONGEST_UID = 2000
"""Characters of a uid that is looked for; nobody says how long one can be."""
LATE_S = 1.0
"""A request whose answer was lost may still be on its way: a look-up waits so long."""
MOST_RECORDED = 500
"""Recorded writes of a kind on a site that are looked through, the latest first."""
CREATE, DELETE = "create_kudo", "delete_kudo"
"""What the record of writes calls them."""


class KudoReply(Reply):
    """One kudo. It has no emoji, visitor or country (field notes 18)."""

    id: Id | None = None
    uid: str | None = None
    path: str | None = None
    created_at: Time


class KudosReply(Paged):
    """`GET /sites/:id/kudos`; its order is not documented (field notes 7)."""

    kudos: list[KudoReply]


class KudoCreatedReply(Reply):
    """`POST /sites/:id/kudos`: 201 with the kudo, or 202 with a reason and nothing stored (field notes 23)."""

    status: Literal["created", "ignored"]
    kudo: KudoReply | None = None
    reason: str | None = None


class KudoDeletedReply(Reply):
    """`DELETE /sites/:id/kudos/:kudo_uid`."""

    status: Literal["deleted"]


KUDOS = Endpoint("GET", "/sites/{site_id}/kudos", KudosReply, ttl=by_window)
NEW_KUDO = Endpoint("POST", "/sites/{site_id}/kudos", KudoCreatedReply, invalidates=("sites", "kudos"))
KUDO = Endpoint("DELETE", "/sites/{site_id}/kudos/{uid}", KudoDeletedReply, invalidates=("sites", "kudos"))


def _uid(value: str) -> str:
    uid = sanitize.unquoted(value)
    if not 0 < len(uid) <= LONGEST_UID:
        raise ValueError("give a uid as list_kudos shows it")
    return uid


KudoUid = Annotated[str, AfterValidator(_uid)]
"""A uid as an answer showed it, or as it is; the bounds stay out of the schema, to keep it short."""
AnyUid = Annotated[str | None, AfterValidator(_uid)]
"""The same, where it may be left out."""


@dataclass(frozen=True)
class Reading:
    """`total` as the service counts; `rows` newest first, and all of them where `complete`."""

    rows: list[KudoReply]
    total: int
    complete: bool


async def read(
    api: CallContext, site_id: int, queries: Sequence[Mapping[str, str]], *, looks_up: bool = False
) -> Reading:
    """Return all kudos that the queries find, each once; no two may find the same. `looks_up` as in `CallContext`."""

    async def read_page(query: Mapping[str, str], page: int) -> KudosReply:
        paged = {**query, "page": page, "per_page": PER_PAGE}
        return await api.call(KUDOS, paged, looks_up=looks_up, site_id=site_id)

    async def read_rest(query: Mapping[str, str], first: KudosReply) -> paging.Listed[KudoReply]:
        replies = await paging.pages(api, first, partial(read_page, query), most=MOST_PAGES)
        return paging.listed(replies, lambda page: page.kudos, _key)

    firsts = await api.gather(*(partial(read_page, query, 1) for query in queries))
    if sum(first.pagination.total_pages for first in firsts) > MOST_PAGES:
        return Reading([], sum(first.pagination.total_count for first in firsts), complete=False)
    parts = await api.gather(*(partial(read_rest, *one) for one in zip(queries, firsts, strict=True)))
    rows = paging.distinct((row for part in parts for row in part.rows), _key)
    total = sum(part.total for part in parts)
    return Reading(
        sorted(rows, key=lambda row: (row.created_at, row.id or 0), reverse=True),
        total,
        complete=len(rows) == total and all(len(part.rows) == part.total for part in parts),
    )


def _key(row: KudoReply) -> Hashable:
    return (row.uid, row.path, row.created_at) if row.id is None else row.id


async def find(api: CallContext, site: SiteReply, uid: str, *, looks_up: bool = False) -> list[KudoReply]:
    """Return the kudos of all time that `uid` names, given as an answer showed it or as it is; newest first."""
    is_plain = sanitize.is_plain(uid, "uid")
    reading = await _read_ever(api, site, {"uid": uid} if is_plain else {}, looks_up=looks_up)
    if not reading.complete and not (is_plain and reading.rows):
        raise InvalidArgument("This site has too many kudos to look for a shortened uid. Give the uid in full.")
    return _named(uid, reading.rows)


async def find_exactly(api: CallContext, site: SiteReply, uid: str, *, looks_up: bool = False) -> KudoReply | None:
    """Return the kudo of exactly this uid; None if there is none."""
    return next((row for row in await find(api, site, uid, looks_up=looks_up) if row.uid == uid), None)


async def find_each(api: CallContext, site: SiteReply, uids: Sequence[str]) -> list[list[KudoReply]]:
    """Return the same for several uids, in their order; all kudos are read at once where that takes fewer requests.
    Raise `InvalidArgument` where this, once more after the user is asked, and a deletion of each are too many."""
    pieces = len(_ever(api, site))
    at_once = pieces + (site.lifetime_kudos or 0) // PER_PAGE
    is_plain = all(sanitize.is_plain(uid, "uid") for uid in uids)
    cost = min(at_once, pieces * len(uids)) if is_plain else at_once
    if len(uids) > 1 and 1 + 2 * cost + len(uids) > MOST_REQUESTS:
        raise InvalidArgument(
            f"Nothing was deleted: among so many kudos of {site.quoted} it would take more than {MOST_REQUESTS} "
            "requests to find and delete these. Name fewer uids in one call."
        )
    if not is_plain or cost < pieces * len(uids):
        reading = await _read_ever(api, site, {}, looks_up=False)
        if reading.complete:
            return [_named(uid, reading.rows) for uid in uids]
    return await api.gather(*(partial(find, api, site, uid) for uid in uids))


def _ever(api: CallContext, site: SiteReply) -> list[Window]:
    return Window(min(first_day(site, "utc"), api.now().date()), api.now().date()).pieces()


async def _read_ever(api: CallContext, site: SiteReply, filters: dict[str, str], *, looks_up: bool) -> Reading:
    queries = [filters | piece.query("utc") for piece in _ever(api, site)]
    del queries[-1]["end_date"]  # the service's own today, in case the clock of this machine is behind
    return await read(api, site.id, queries, looks_up=looks_up)


def _named(uid: str, rows: Sequence[KudoReply]) -> list[KudoReply]:
    """Return those that a uid names; one that no answer shows like this, as with a blank, names itself alone."""
    if sanitize.uid(uid) != uid and (exactly := [row for row in rows if uid in (row.uid, sanitize.exact(row.uid))]):
        return exactly
    return [row for row in rows if sanitize.matches(uid, row.uid, "uid") or sanitize.exact(row.uid) == uid]


async def look_up(
    api: CallContext, site: SiteReply, uid: str, why: str, done: str, to_find_out: str
) -> KudoReply | None:
    """Return the kudo of exactly this uid, once the answer to its creation or deletion was lost; None if there is none.
    Raise `OutcomeUnknown` with `why`, `done` and `to_find_out` in its message where that cannot be found out."""
    await api.writes.pause(LATE_S)
    try:
        return await find_exactly(api, site, uid, looks_up=True)
    except TinylyticsError as error:
        raise OutcomeUnknown(
            f"It is not known whether the kudo was {done}: {why}, and a look-up did not work either. {to_find_out}",
            why=why,
        ) from error


async def recorded(api: CallContext, action: str, site: SiteReply) -> list[Entry]:
    """Return the latest recorded writes of a kind, newest first; none where the record cannot be read."""
    try:
        return await api.writes.latest((action, site.id), limit=MOST_RECORDED)
    except StoreUnavailable:
        return []
