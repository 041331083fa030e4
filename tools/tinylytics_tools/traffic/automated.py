"""Says which hits look automated: many that are alike in country, browser and platform (ANSWERS 3a). A guess."""

from typing import cast

from tinylytics_tools import sanitize
from tinylytics_tools.count_rows import Agent, DimensionCounts, RowCounts
from tinylytics_tools.dimensions import Dimension
from tinylytics_tools.tables import counted

FEWEST = 30
"""Fewer hits than these may be alike by chance."""
_MOST_NAMED = 3
_NOTHING_KNOWN: Agent = (None, None, None)


def automated_by_rows(counts: RowCounts) -> list[str]:
    """Return notes on single hits: all of them where they are alike, else the pages whose hits are."""
    agents = set(counts.agents.values())
    if len(agents) == 1:
        return _note(counts.hits, "counted here", agents.pop())
    hits = counts.of("path").hits
    pages = sorted(
        (path for path, agent in counts.agents.items() if agent and hits[path] >= FEWEST), key=lambda path: -hits[path]
    )
    notes = [note for path in pages for note in _note(hits[path], f"on {sanitize.path(path)}", counts.agents[path])]
    more = len(notes) - _MOST_NAMED
    return [*notes[:_MOST_NAMED], f"so it is with {counted(more, 'more page')}"] if more > 0 else notes


def automated_by_lists(by: dict[Dimension, DimensionCounts]) -> list[str]:
    """Return a note where the lists of countries, browsers and platforms have one name each."""
    lists = [by[name] for name in ("country", "browser", "platform") if name in by]
    if len(lists) < 3 or not all(one.is_complete and len(one.hits) == 1 for one in lists):
        return []
    country, browser, platform = (next(iter(one.hits)) for one in lists)
    return _note(lists[0].total, "counted here", cast("Agent", (country, browser, platform)))


def _note(hits: int, which: str, agent: Agent | None) -> list[str]:
    if agent is None or agent == _NOTHING_KNOWN or hits < FEWEST:
        return []
    country, browser, platform = agent
    names = sanitize.phrase(f"{sanitize.country(country)}, {sanitize.browser(browser)}, {sanitize.platform(platform)}")
    return [f"looks automated, as a guess: all {hits} hits {which} have one country, browser and platform: {names}"]
