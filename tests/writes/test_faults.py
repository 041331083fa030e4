"""Under faults of the network nothing is doubled and nothing told wrongly; the long form is tests/bench/faults.py."""

import pytest
from support.fault_runs import create_kudos, delete_kudos, record_hits, retry_blindly

pytestmark = pytest.mark.anyio


async def test_five_hundred_kudos_under_faults_are_each_stored_once_and_told_so() -> None:
    figures = await create_kudos(500, seed=1)
    assert (figures.duplicates, figures.wrong) == (0, 0)
    assert figures.calls > 500


async def test_hits_under_faults_are_never_doubled_behind_ones_back() -> None:
    figures = await record_hits(150, seed=2)
    assert (figures.duplicates, figures.wrong) == (0, 0)
    assert figures.unknown > 0


async def test_deletes_under_faults_are_told_as_they_are() -> None:
    figures = await delete_kudos(120, seed=3)
    assert (figures.duplicates, figures.wrong) == (0, 0)
    assert figures.calls > 120


async def test_the_same_faults_double_what_is_retried_blindly() -> None:
    figures = await retry_blindly("kudos", 500, seed=1)
    assert figures.duplicates > 10
