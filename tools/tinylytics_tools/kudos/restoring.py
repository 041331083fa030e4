"""Names a deleted kudo again, from the record of writes, so that it can be put back as it was."""

from tinylytics_tools import sanitize
from tinylytics_tools.client import CallContext
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.transport.interface import StoreUnavailable
from tinylytics_tools.writes.validation import hidden

DELETE = "delete_kudo"
MOST = 500
"""Deleted kudos of a site that are looked through, the latest first."""


async def as_deleted(api: CallContext, site_id: int, path: str, uid: str) -> tuple[str, str] | None:
    """Path and uid as they were, of the deleted kudo that these name as an answer showed them.

    Raises:
        InvalidArgument: it cannot be put back, since what cannot be seen is not written.
    """
    try:
        deleted = await api.writes.last(DELETE, site_id, limit=MOST)
    except StoreUnavailable:
        return None  # then nothing will be written either, and that says why
    for entry in deleted:
        if entry.uid is None or entry.path is None:
            continue
        if sanitize.matches(uid, entry.uid, "uid") and sanitize.matches(path, entry.path, "path"):
            if hidden(entry.uid + entry.path):
                raise InvalidArgument(
                    "This kudo cannot be put back: its uid or path has characters that cannot be seen, and such are "
                    "not written. Nothing was sent."
                )
            return entry.path, entry.uid
    return None
