"""The limits of one process, so that no client takes what others need."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Counts are of one process; times are in seconds, sizes in bytes."""

    accounts: int = 200
    """Held in memory; past it the least recently used one without sessions is dropped."""
    sessions: int = 5_000
    """Of the older protocol over Streamable HTTP, of all accounts; one takes about 37 kB."""
    sessions_each: int = 2_000
    session_idle_s: float = 1_800.0
    streams: int = 1_000
    """SSE connections of all accounts."""
    streams_each: int = 100
    stream_idle_s: float = 4 * 3_600.0
    """An SSE stream is its session: it is closed after so long without a message of its client."""
    body: int = 2_000_000
    connections: int = 8_000
    head_s: float = 15.0
    """Until the head of a request is complete."""
    body_s: float = 30.0
    stalled_s: float = 30.0
    """A client that reads nothing is dropped after so long."""
    parting_s: float = 1.5
    """How long an open request has when the process ends; less than `run.GRACE_S`."""
    look_s: float = 5.0
    """How often connections and open requests are checked."""


LIMITS = Limits()
