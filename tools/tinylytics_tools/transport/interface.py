"""What the wire asks of the place where it keeps things, whatever that place is made of."""

from dataclasses import dataclass
from typing import Protocol

from tinylytics_tools.transport.hour import Requests

KEPT_AFTER_END_S = 7 * 86_400.0
"""An answer past its end is kept for another week, to be served with its age where the service is away."""


class StoreUnavailable(Exception):
    """The store cannot be used now; the text says why, for a person."""


@dataclass(frozen=True)
class StoredReply:
    """A stored answer of status 200: its body and content type; times in seconds since 1970."""

    content_type: str
    body: bytes
    fetched_at: float
    expires_at: float


@dataclass(frozen=True)
class Found:
    """`generation` counts the `forget`s of the key, so that an answer asked for before one is not kept after it."""

    reply: StoredReply | None
    generation: int


class Replies(Protocol):
    """Stored answers, by key and address; two keys never share. All methods raise `StoreUnavailable` where nothing was
    found or changed."""

    async def find(self, fingerprint: str, address: str, now: float) -> Found:
        """The answer stored for an address, fresh or not."""
        ...

    async def keep(self, fingerprint: str, address: str, reply: StoredReply, generation: int) -> None:
        """Store an answer, unless something of the key was forgotten since `generation` was read."""
        ...

    async def forget(self, fingerprint: str, paths: frozenset[str]) -> None:
        """Drop the answers of these addresses, whatever their queries."""
        ...

    async def clear(self, fingerprint: str) -> int:
        """Remove all answers of a key, and return how many there were; those asked for before are not kept either."""
        ...


@dataclass(eq=False)
class Store:
    """Where the wire keeps what outlives a request."""

    requests: Requests
    replies: Replies
