"""Adds up what one piece of work asked of the service, for whoever watches from outside."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Spent:
    """`requests`: how many left for the service. `cache_hits`: answers that came from the store."""

    requests: int = 0
    cache_hits: int = 0


@contextmanager
def adding_up() -> Generator[Spent]:
    """What is asked in here, by this task and those it begins, is added to the one that is given."""
    spent = Spent()
    token = _CURRENT.set(spent)
    try:
        yield spent
    finally:
        _CURRENT.reset(token)


def note(*, requests: int, cache_hits: int) -> None:
    """Add to what is being added up, if anything is."""
    spent = _CURRENT.get()
    if spent is not None:
        spent.requests += requests
        spent.cache_hits += cache_hits


_CURRENT: ContextVar[Spent | None] = ContextVar("spent", default=None)
