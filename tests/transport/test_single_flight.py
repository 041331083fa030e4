"""Equal questions under way are one, and whoever stops waiting harms nobody."""

import asyncio
import gc
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from tinylytics_tools.transport.single_flight import SingleFlight

pytestmark = pytest.mark.anyio


class Work:
    """Counts how often it was begun and ended, and goes on when it is let."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.begun = 0
        self.cancelled = 0
        self.go_on = asyncio.Event()
        self._fault = fault

    async def __call__(self) -> int:
        self.begun += 1
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self._fault is not None:
            raise self._fault
        return self.begun


async def waiting(flights: SingleFlight[int], work: Work, times: int, key: str = "key") -> list["asyncio.Task[int]"]:
    tasks = [asyncio.create_task(flights.join(key, work)) for _ in range(times)]
    await anyio.wait_all_tasks_blocked()
    return tasks


async def test_all_that_ask_at_the_same_time_get_the_answer_to_one_question() -> None:
    flights, work = SingleFlight[int](), Work()
    tasks = await waiting(flights, work, 5)
    work.go_on.set()
    assert await asyncio.gather(*tasks) == [1] * 5
    assert work.begun == 1
    assert await flights.join("key", work) == 2  # a later one asks anew


async def test_other_questions_are_other_flights() -> None:
    flights, work = SingleFlight[int](), Work()
    tasks = [*await waiting(flights, work, 2, "one"), *await waiting(flights, work, 2, "two")]
    work.go_on.set()
    await asyncio.gather(*tasks)
    assert work.begun == 2


@pytest.mark.parametrize("leaver", [0, 1, 2])
async def test_one_that_gives_up_takes_nothing_from_the_others_even_the_one_that_began(leaver: int) -> None:
    flights, work = SingleFlight[int](), Work()
    tasks = await waiting(flights, work, 3)
    tasks[leaver].cancel()
    await anyio.wait_all_tasks_blocked()
    assert tasks[leaver].cancelled()
    work.go_on.set()
    assert await asyncio.gather(*(task for task in tasks if task is not tasks[leaver])) == [1, 1]
    assert (work.begun, work.cancelled) == (1, 0)


async def test_the_last_that_gives_up_ends_the_work_and_the_next_begins_anew() -> None:
    flights, work = SingleFlight[int](), Work()
    for task in await waiting(flights, work, 3):
        task.cancel()
    await anyio.wait_all_tasks_blocked()
    assert (work.begun, work.cancelled) == (1, 1)
    (task,) = await waiting(flights, work, 1)
    work.go_on.set()
    assert await task == 2


async def test_work_that_ends_late_does_not_take_the_place_of_the_next() -> None:
    flights, work, let = SingleFlight[int](), Work(), asyncio.Event()

    async def slow_to_end() -> int:
        try:
            await anyio.sleep_forever()
        finally:
            await let.wait()
        return 0

    task = asyncio.create_task(flights.join("key", slow_to_end))
    await anyio.wait_all_tasks_blocked()
    task.cancel()
    second = await waiting(flights, work, 1)
    let.set()
    await anyio.wait_all_tasks_blocked()
    third = await waiting(flights, work, 1)
    work.go_on.set()
    assert await asyncio.gather(*second, *third) == [1, 1]


async def test_a_cancelled_scope_is_left_at_once() -> None:
    flights, work = SingleFlight[int](), Work()
    with anyio.move_on_after(0.01) as scope:
        await flights.join("key", work)
    assert scope.cancelled_caught
    await anyio.wait_all_tasks_blocked()
    assert work.cancelled == 1


async def test_a_fault_reaches_all_that_wait() -> None:
    flights, work = SingleFlight[int](), Work(LookupError("gone"))
    tasks = await waiting(flights, work, 3)
    work.go_on.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [LookupError] * 3


async def test_a_fault_that_nobody_waits_for_any_more_is_no_complaint() -> None:
    complaints: list[dict[str, Any]] = []
    note: Callable[[Any, dict[str, Any]], None] = lambda _, context: complaints.append(context)  # noqa: E731 -- typed
    asyncio.get_running_loop().set_exception_handler(note)
    flights = SingleFlight[int]()

    async def stubborn() -> int:
        try:
            await anyio.sleep_forever()
        finally:
            raise LookupError
        return 0

    task = asyncio.create_task(flights.join("key", stubborn))
    await anyio.wait_all_tasks_blocked()
    task.cancel()
    await anyio.wait_all_tasks_blocked()
    del task
    gc.collect()
    assert complaints == []


async def test_closing_ends_what_is_under_way() -> None:
    flights, work = SingleFlight[int](), Work()
    (task,) = await waiting(flights, work, 1)
    await flights.aclose()
    assert work.cancelled == 1
    with pytest.raises(asyncio.CancelledError):
        await task
