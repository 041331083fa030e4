"""Counts hits by weekday with one count a day, which is right in every time zone (field notes 16)."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

from tinylytics_tools.client import CallContext
from tinylytics_tools.dimensions import WEEKDAYS, Raw
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.filters import Filters
from tinylytics_tools.hits import api as hits_api
from tinylytics_tools.periods import Window
from tinylytics_tools.planner import spread
from tinylytics_tools.scope import Scope
from tinylytics_tools.traffic.read import Values
from tinylytics_tools.traffic.sample import Estimate

SAMPLE_WEEKS = 5


async def count(api: CallContext, scope: Scope, meant: Filters, window: Window | None) -> Values:
    """Hits of a window by weekday, Monday being 0; nothing of no window."""
    return await _of_days(api, scope, meant, list(window.dates()) if window else [])


async def estimate(api: CallContext, scope: Scope, meant: Filters, window: Window, room: int) -> Estimate:
    """The shares of some whole weeks that lie all over the window.

    Raises:
        InvalidArgument: not even one week fits into `room` requests.
    """
    weeks = window.days // 7
    wanted = min(SAMPLE_WEEKS, room // (7 * len(meant.paths)))
    if not wanted or not weeks:
        raise InvalidArgument("The weekdays of this take too many requests. Give a shorter period or fewer filters.")
    chosen = spread(weeks, wanted)
    starts = [window.first + timedelta(days=7 * (number - 1)) for number in chosen]
    values = await _of_days(api, scope, meant, [start + timedelta(days=n) for start in starts for n in range(7)])
    shares = [(WEEKDAYS[int(raw or 0)], round(100 * hits / values.total)) for raw, hits in values.hits.items()]
    basis = f"{values.total} hits of {len(chosen)} whole weeks spread over the window"
    return Estimate(sorted(shares, key=lambda share: -share[1]), basis)


async def _of_days(api: CallContext, scope: Scope, meant: Filters, days: Sequence[date]) -> Values:
    parts = [part for day in days for part in meant.slices(scope, Window(day, day))]
    hits: Counter[Raw] = Counter()
    for part, found in (await hits_api.count_all(api, parts)).items():
        hits[part.window.first.weekday()] += found.hits
    return Values(dict(+hits), {}, len(+hits))
