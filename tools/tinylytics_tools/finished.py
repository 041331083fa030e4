"""Gives a finished answer again while everything that it was made from is as good as new."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tinylytics_tools.answer import Answer
from tinylytics_tools.transport import Transport

MOST_KEPT = 64
"""Answers of one account in memory, some 10 kB each; the one not asked for longest goes first."""


@dataclass(frozen=True)
class Kept:
    """An answer, when it was made, until when it is as good as new, and how old the oldest reply in it was then."""

    answer: Answer
    made_at: float
    until: float
    oldest_s: float
    generation: int


class Finished:
    """Finished answers of one account, by question. A reply's own time bounds them, and a write through any process
    that shares the store ends them all (`Transport.generation`)."""

    def __init__(self, wire: Transport, clock: Callable[[], datetime]) -> None:
        self.wire = wire
        self._clock = clock
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def find(self, question: str, generation: int | None) -> tuple[Answer, float] | None:
        """The answer and the age in seconds of the oldest reply in it; None where it has to be made (anew)."""
        kept = self._kept.get(question)
        now = self._clock().timestamp()
        if kept is None or kept.generation != generation or not kept.made_at <= now < kept.until:
            return None
        self._kept.move_to_end(question)
        return kept.answer, now - kept.made_at + kept.oldest_s

    def keep(self, question: str, answer: Answer, generation: int, *, fresh_s: float, oldest_s: float) -> None:
        """Remember an answer for `fresh_s` seconds; `generation` is from before its first reply was asked for."""
        now = self._clock().timestamp()
        self._kept[question] = Kept(answer, now, now + fresh_s, oldest_s, generation)
        self._kept.move_to_end(question)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
