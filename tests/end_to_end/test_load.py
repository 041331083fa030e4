"""Many sessions and callers at once: every answer is right and nothing fails; tests/bench has the long form."""

from pathlib import Path

import pytest
from bench.load import Sizes, measure

pytestmark = pytest.mark.anyio


async def test_many_callers_are_answered_rightly_while_many_sessions_stay_open(tmp_path: Path) -> None:
    sizes = Sizes(calls=300, sessions=40, rounds=6)
    for server in await measure(sizes, tmp_path):
        assert len(server.ms) == 300
        assert len(server.sessions) == 44
