"""The settings of all property tests.

An ordinary run draws the same examples each time, whatever ran before and on whatever machine: half of those that
`pytest --end-to-end` draws, as CI does. `pytest --examples 50` draws 50 times as many as CI, others each time, and
prints how many ran; a failing one is printed and belongs into the test as an `@example`.
"""

import importlib
import pkgutil
import re
from collections.abc import Callable
from typing import Any, TypeVar

import tinylytics_mcp
import tinylytics_tools
from hypothesis import HealthCheck, settings

Test = TypeVar("Test", bound=Callable[..., Any])

PROFILE = "tinylytics-mcp"
USUAL = 100
"""Examples of a test that says nothing, in CI."""


def configure(times: float, *, at_random: bool) -> None:
    """Take the shared settings, with so many times the usual number of examples; `at_random`: others each time."""
    settings.register_profile(
        PROFILE,
        max_examples=int(USUAL * times),
        derandomize=not at_random,
        database=None,  # what failed on one machine once is no part of the next run
        deadline=None,  # a busy machine is no failure
        suppress_health_check=[HealthCheck.too_slow],  # the same
        print_blob=True,
    )
    settings.load_profile(PROFILE)
    for package in (tinylytics_mcp, tinylytics_tools):
        # hypothesis draws constants of the modules that are loaded, which would otherwise depend on earlier tests
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)


def examples(number: int) -> Callable[[Test], Test]:
    """A decorator for a property test that needs another number of examples than `USUAL`."""
    return settings(max_examples=number * settings.get_profile(PROFILE).max_examples // USUAL)


def examples_in(statistics: str) -> int:
    """How many examples passed, by what hypothesis tells of a test."""
    return sum(map(int, re.findall(r"(\d+) passing,", statistics)))
