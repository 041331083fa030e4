"""The rolling hour is exact: no hour holds more than the cap, and no request is refused that it had room for."""

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.network import KEY, OTHER_KEY, Clock
from support.properties import examples
from support.redis_server import KINDS, stores_of
from tinylytics_tools.transport import open_store
from tinylytics_tools.transport.interface import Store

MOST = 5
STEPS = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 3), st.integers(0, 4000), st.sampled_from([719, 720, 1200, 3599, 3600, 3601])),
        st.sampled_from([KEY, OTHER_KEY]),
    ),
    max_size=60,
)


@pytest.mark.parametrize("kind", KINDS)
@given(steps=STEPS)
@examples(80)
def test_each_answer_is_what_a_count_of_all_earlier_places_says(
    request: pytest.FixtureRequest, kind: str, steps: list[tuple[int, str]]
) -> None:
    async def run() -> None:
        async with stores_of(kind, lambda: request.getfixturevalue("redis_port")) as new_store:
            await check(new_store())

    async def check(store: Store) -> None:
        clock = Clock()
        given_at = {KEY: list[float](), OTHER_KEY: list[float]()}
        for seconds, key in steps:
            clock.move(seconds)
            now = clock().timestamp()
            within = [at for at in given_at[key] if now - 3600 < at]
            place = await store.requests.reserve(key, MOST, clock)
            if len(within) < MOST:
                assert place.wait_s is None
                given_at[key].append(now)
            else:
                assert place.wait_s == sorted(within)[len(within) - MOST] + 3600 - now
        for key, times in given_at.items():
            usage = await store.requests.usage(key, clock)
            within = [at for at in times if clock().timestamp() - 3600 < at]
            assert (usage.used, usage.oldest) == (len(within), min(within, default=None))

    anyio.run(run)


@given(steps=st.lists(st.tuples(st.integers(0, 2000), st.sampled_from([0, 0, 0, 1, 600, 9999])), max_size=40))
@examples(60)
@pytest.mark.parametrize("kind", KINDS)
def test_a_clock_that_is_set_back_never_lets_more_out_in_an_hour_of_true_time(
    request: pytest.FixtureRequest, kind: str, steps: list[tuple[int, int]]
) -> None:
    async def run() -> None:
        async with stores_of(kind, lambda: request.getfixturevalue("redis_port")) as new_store:
            await check(new_store())

    async def check(store: Store) -> None:
        clock, true = Clock(), 0
        given_at: list[int] = []
        for passed, set_back in steps:
            true += passed
            clock.move(passed - set_back)
            if (await store.requests.reserve(KEY, MOST, clock)).wait_s is None:
                given_at.append(true)
            assert sum(true - 3600 < at for at in given_at) <= MOST

    anyio.run(run)


async def _waits(taken: int, most: int) -> float | None:
    store, clock = open_store(None), Clock()
    for _ in range(taken):
        await store.requests.reserve(KEY, 100, clock)
        clock.move(10)
    return (await store.requests.reserve(KEY, most, clock)).wait_s


@pytest.mark.anyio
async def test_who_may_send_less_waits_until_enough_of_the_others_places_are_free() -> None:
    assert await _waits(taken=5, most=6) is None
    assert await _waits(taken=5, most=5) == 3600 - 50
    assert await _waits(taken=5, most=2) == 3600 - 50 + 30
