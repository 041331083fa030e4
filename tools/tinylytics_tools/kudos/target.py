"""Finds the kudo that a deletion is about, or the call that deleted it before."""

from dataclasses import dataclass

from tinylytics_tools import sanitize
from tinylytics_tools.client import CallContext, WritingApi
from tinylytics_tools.errors import InvalidArgument, NotFound
from tinylytics_tools.kudos.api import KUDO, KudoReply, find
from tinylytics_tools.kudos.restoring import DELETE
from tinylytics_tools.site_lookup import SiteReply, find_site
from tinylytics_tools.transport.interface import StoreUnavailable
from tinylytics_tools.writes.record import REPEAT_S, Entry, Outcome

REMEMBERED_S = 86_400.0
"""A kudo that is not there is told as deleted where its deletion was sent within a day and not answered."""
_MOST_EARLIER = 200


@dataclass(frozen=True)
class Target:
    """The kudo that is meant, or the call that deleted it before."""

    site: SiteReply
    kudo: KudoReply | None
    earlier: Entry | None = None

    @property
    def named(self) -> str:
        """The kudo as a sentence names it: uid, page, site and date."""
        if self.kudo is None:
            return f"this kudo of {self.site.name}"
        uid, path = sanitize.uid(self.kudo.uid), sanitize.path(self.kudo.path)
        return f"the kudo {uid} on {path} of {self.site.name}, given {sanitize.time(self.kudo.created_at)}"


async def the_kudo(api: WritingApi, site: str | None, uid: str) -> Target:
    """What `uid` names; asked anew in each round of the protocol, so that the question is about what is there.

    Raises:
        NotFound: nothing has this uid, and nothing that had it was deleted from here of late.
        InvalidArgument: several have it, or it cannot be sent without reaching something else.
    """
    found = await find_site(api, site)
    kudos = await find(api, found, uid)
    if len(kudos) > 1:
        raise InvalidArgument(
            f"{len(kudos)} kudos of {found.name} are shown under this uid, and which one would go is not sure. Nothing "
            "was deleted. The user can delete one on tinylytics.app."
        )
    if kudos:
        KUDO.fill(site_id=found.id, uid=kudos[0].uid or "")
        return Target(found, kudos[0])
    earlier = await earlier_call(api, found, uid)
    if earlier is None:
        raise NotFound(
            f"No kudo of {found.name} has this uid, so nothing was deleted. list_kudos shows the uids there are; its "
            "search finds them by a part."
        )
    return Target(found, None, earlier)


async def earlier_call(api: CallContext, site: SiteReply, uid: str) -> Entry | None:
    """The call that deleted it: answered within the last minute, or not answered within the last day."""
    try:
        entries = await api.writes.last(DELETE, site.id, limit=_MOST_EARLIER)
    except StoreUnavailable:
        return None
    longest = {Outcome.DONE: REPEAT_S, Outcome.UNKNOWN: REMEMBERED_S}
    now = api.now().timestamp()
    return next(
        (
            entry
            for entry in entries
            if sanitize.matches(uid, entry.uid, "uid") and now - entry.at <= longest.get(entry.outcome, -1.0)
        ),
        None,
    )
