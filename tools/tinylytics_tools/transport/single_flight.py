"""Makes equal questions under way one question, whose answer all that asked get."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Hashable
from functools import partial
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """Work in tasks of its own, so that whoever gives up waiting takes nothing from the others; the last one to give up
    ends the work. This needs tasks that outlive the one that began them, which anyio does not have: it runs on
    asyncio, as the servers of the MCP SDK do.
    """

    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Task[T]] = {}
        self._waiters = Counter[asyncio.Task[T]]()

    async def join(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The result of the work that is under way for `key`, begun with `work` if there is none; what it raises is
        the same object for all that waited."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(work())
            task.add_done_callback(partial(self._landed, key))
        self._waiters[task] += 1
        try:
            await asyncio.wait((task,))  # whoever is cancelled here leaves it running; a shield would log its failure
            return task.result()
        finally:
            self._waiters[task] -= 1
            if not self._waiters[task]:
                del self._waiters[task]
                if not task.done():
                    task.cancel()
                    self._landed(key, task)

    async def aclose(self) -> None:
        for task in (tasks := list(self._tasks.values())):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _landed(self, key: Hashable, task: "asyncio.Task[T]") -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]
        if task.done() and not task.cancelled():
            task.exception()  # whoever still waits has it; without this asyncio complains where nobody does
