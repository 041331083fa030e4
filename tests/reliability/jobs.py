"""What a run consists of: pieces of work that run beside one another in processes of their own, and some alone."""

import asyncio
import logging
import sys
import traceback
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from time import monotonic
from typing import Any

import canary
from report import Part, failures

AT_ONCE = 2
"""Processes, as many as there are cores."""
Job = Callable[[], Coroutine[Any, Any, list[Part]]]
"""A piece of work; a partial of a function of a module, so that another process can be told of it."""


@dataclass(frozen=True)
class Form:
    """How much is tried, and what all that is made up follows from."""

    seed: int
    seeds: int
    inputs: int
    is_short: bool
    only: str | None = None


def run_all(beside: Sequence[Job], alone: Sequence[Job]) -> list[Part]:
    """Run what can run beside others on both cores, then the others one after another.

    Return the parts in that order, and last what was searched for the key.
    """
    jobs = [*beside, *alone]
    done: dict[int, list[Part]] = {}
    with ProcessPoolExecutor(AT_ONCE, mp_context=get_context("spawn")) as processes:
        for numbers in (range(len(beside)), *([number] for number in range(len(beside), len(jobs)))):
            running = {processes.submit(_run, jobs[number]): number for number in numbers}
            for future in as_completed(running):
                parts, took_s = future.result()
                done[running[future]] = parts
                names = ", ".join(f"{part.name}, {len(part.failures)} of {part.ran} failed" for part in parts)
                sys.stderr.write("\n".join(filter(None, (f"{took_s:6.0f} s  {names}", failures(parts)))) + "\n")
    parts = [part for number in range(len(jobs)) for part in done[number]]
    return sorted(parts, key=lambda part: part.name == canary.FOUND.name)


def _run(job: Job) -> tuple[list[Part], float]:
    """Run one in this process; what was searched for the key is a part of its own, and so is a job that breaks off."""
    logging.disable()  # of the clients here, which are disturbed on purpose
    canary.FOUND.clear()
    began = monotonic()
    try:
        parts = asyncio.run(job())
    except Exception:  # noqa: BLE001 - the others go on
        broken_off = Part(f"{getattr(job, 'func', job).__module__}: jobs that broke off")
        broken_off.cell(str(job)[:200], traceback.format_exc())
        parts = [broken_off]
    return [*parts, canary.FOUND], monotonic() - began
