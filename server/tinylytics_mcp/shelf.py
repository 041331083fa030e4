"""Remembers of each resource how large it was when it was read, and since when it is known to be as it is."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mcp.types import Annotations, Resource

MOST = 200
"""Resources remembered; the one that was read longest ago goes first."""


@dataclass(frozen=True)
class _Known:
    size: int | None
    at: datetime


class Shelf:
    """What can be said of resources without asking: nothing of one that was never read or changed through here."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def put(self, uri: str, text: str, age_s: float) -> None:
        """It was read; what it tells was fetched so many seconds ago."""
        self._keep(uri, _Known(len(text.encode()), self._clock() - timedelta(seconds=age_s)))

    def changed(self, uri: str) -> None:
        """It was changed just now; how large it is, is not known any more."""
        self._keep(uri, _Known(None, self._clock()))

    def label(self, resource: Resource) -> Resource:
        """The resource with its size in bytes and the time that it was last modified, where they are known."""
        known = self._known.get(resource.uri)
        if known is None:
            return resource
        annotations = (resource.annotations or Annotations()).model_copy(
            update={"last_modified": known.at.strftime("%Y-%m-%dT%H:%M:%SZ")}
        )
        return resource.model_copy(update={"size": known.size, "annotations": annotations})

    def _keep(self, uri: str, known: _Known) -> None:
        self._known[uri] = known
        self._known.move_to_end(uri)
        while len(self._known) > MOST:
            self._known.popitem(last=False)
