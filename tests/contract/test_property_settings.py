"""No property test depends on luck: all share one set of settings, and what they draw is short when printed."""

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import settings
from support import properties
from support.traffic import NOWS, World

TESTS = Path(properties.__file__).parent.parent


def test_an_ordinary_run_draws_the_same_examples_each_time_and_takes_its_time(request: pytest.FixtureRequest) -> None:
    shared = settings.get_profile(properties.PROFILE)
    assert (shared.deadline, shared.database) == (None, None)
    assert shared.derandomize is (request.config.getoption("examples") in (None, 1))


def test_no_property_test_has_settings_of_its_own() -> None:
    sources = {path: path.read_text("utf-8") for path in TESTS.rglob("*.py") if "node_modules" not in path.parts}
    pattern = re.compile(r"^from hypothesis import .*settings", re.MULTILINE)
    own = {path.name for path, source in sources.items() if pattern.search(source)}
    assert own == {"properties.py", Path(__file__).name}


def test_a_large_world_is_printed_by_what_it_follows_from() -> None:
    world = World(NOWS[0], 300, 10**9, date(2026, 1, 1))
    assert len(world.hits) == 300
    assert len(repr(world)) < 300


def test_examples_are_counted_in_every_phase() -> None:
    told = "- during reuse phase:\n - 2 passing, 0 failing, and 1 invalid\n- during generate phase:\n - 40 passing, 0"
    assert properties.examples_in(told) == 42
