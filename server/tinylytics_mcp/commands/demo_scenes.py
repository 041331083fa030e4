"""The scenes of the demo: a question, and how an assistant would put the fields of the answer into words."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from rich.console import RenderableType
from tinylytics_tools.answer import OTHER, SERIES, UNKNOWN
from tinylytics_tools.tables import counted

from tinylytics_mcp.chart import Chart
from tinylytics_mcp.rendering import TableView, grouped, shortened

Answer = Mapping[str, Any]
Row = Sequence[Any]
SITE, KUDO_UID = "example.com", "test-kudo-1"
"""The main site of the fake API, and a kudo on it."""


@dataclass(frozen=True)
class Scene:
    """A question of the user, the call that answers it, the answer in words, and a small table; without one the series
    is drawn, if there is one."""

    words: str
    tool: str
    arguments: Mapping[str, str]
    told: Callable[[Answer], str]
    table: Callable[[Answer], tuple[Sequence[str], Sequence[Row]]] | None = None


def picture(scene: Scene, answer: Answer) -> RenderableType | None:
    """Return the small table or chart of an answer."""
    if scene.table is not None:
        return TableView(*scene.table(answer))
    return Chart([(row[0], row[1]) for row in answer[SERIES]["rows"]], height=3) if SERIES in answer else None


def _month(answer: Answer) -> str:
    text = f"“{answer['site']}” had {_hits(answer['hits'])} "
    text += f"in the {counted(answer['days'], 'day')} to {answer['last_day']}"
    if answer["change"] is not None:
        text += f", {_more(answer['change'])} than before ({answer['earlier_hits']:,})"
    carries = next((note for note in answer["notes"] if note.startswith("one day stands out")), None)
    parts = [text, carries and f"One day stands out{grouped(carries[carries.index(':') :])}"]
    if answer["visitors"] is not None:
        parts.append(f"{answer['visitors']:,} visitors came; {answer['bounce_rate_percent']:g} % saw a single page")
    return _sentences(parts)


def _why(answer: Answer) -> str:
    if answer["usual_hits"] is None:
        return answer["headline"]
    text = f"{answer['explained']} had {_hits(answer['hits'])}, {_more(answer['difference'])} than usual"
    parts = [f"{text} ({answer['usual_hits']:,.10g})"]
    if together := answer.get("together"):
        page, referrer, hits, *_ = together["rows"][0]
        parts.append(f"{hits:,} of them came from {referrer} to {page}")
    if answer.get("after_a_day") is not None:
        lasted = answer["lasted"].partition(":")[0].capitalize()
        parts.append(f"{lasted}: {answer['before_a_day']:g} hits a day before, {answer['after_a_day']:g} a day after")
    return _sentences(parts)


def _growing(answer: Answer) -> str:
    rose, fell, new = (next(iter(answer[name]["rows"]), None) for name in ("rose", "fell", "new"))
    return _sentences(
        [
            rose and f"{rose[0]} rose most, from {rose[2]:,} to {_hits(rose[1])}",
            new and f"{new[0]} is new and has {new[1]:,}",
            fell and f"{fell[0]} fades, from {fell[2]:,} to {_hits(fell[1])}",
        ]
    )


def _up(answer: Answer) -> str:
    counts = [f"{answer[name]} {name.replace('_', ' ')}" for name in ("down", "up", "not_monitored") if answer[name]]
    parts = [f"Of {answer['sites_checked']} sites {', '.join(counts)}"]
    for site in _records(answer["sites"]):
        if site["status"] == "down":
            parts.append(f"“{site['site']}” has not answered since {site['down_since']}")
            parts.append(f"Its certificate expires in {_days(site['ssl_days_left'])}")
    return _sentences(parts)


def _hostile(answer: Answer) -> str:
    tried = f"{len(_hostile_rows(answer))} of the {len(answer['newest']['rows'])} newest kudos"
    return (
        f"Anybody can write into an analytics log: {tried} try orders, markup or line breaks. The assistant gets them "
        f"in one line, encoded, and marked: “{answer['visitor_data'].partition(': ')[2]}”."
    )


def _hostile_rows(answer: Answer) -> list[list[str]]:
    """Return of each such kudo the longest value, as it was sent and as it is shown."""
    rows = [[cell for cell in row[1:] if "%" in cell or "ignore" in cell] for row in answer["newest"]["rows"]]
    longest = [max(cells, key=len) for cells in rows if cells]
    return [[shortened(text, 36) for text in (json.dumps(unquote(cell)), cell)] for cell in longest]


SCENES = (
    Scene("How was my month?", "summarize_traffic", {"site": SITE}, _month),
    Scene(
        "Why?",
        "explain_change",
        {"site": SITE},
        _why,
        lambda answer: (
            ("referrer", "hits", "usual", "difference"),
            answer["referrers"]["rows"][:2] if answer["referrers"] else [],
        ),
    ),
    Scene(
        "Which pages grow, and which fade?",
        "rank_traffic",
        {"site": SITE, "dimension": "path"},
        _growing,
        lambda answer: (
            ("path", "before", "now", "change"),
            [[row[0], row[2], row[1], row[3]] for name in ("rose", "fell") for row in answer[name]["rows"][:2]],
        ),
    ),
    Scene(
        "Is everything up?",
        "check_health",
        {},
        _up,
        lambda answer: (
            ("site", "status", "certificate", "broken"),
            [
                (site["site"], site["status"], _days(site["ssl_days_left"]), site["broken_links"])
                for site in _records(answer["sites"])
            ],
        ),
    ),
    Scene("Delete my test kudo.", "delete_kudo", {"site": SITE, "uid": KUDO_UID}, lambda answer: answer["headline"]),
    Scene(
        "And what do attackers try?",
        "list_kudos",
        {"site": SITE},
        _hostile,
        lambda answer: (("a visitor sent", "the assistant gets"), _hostile_rows(answer)[:2]),
    ),
)
"""What a user lives through, and at the end what does not happen."""


def _records(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"] if row[0] != OTHER]


def _days(count: int | None) -> str:
    return UNKNOWN if count is None else counted(count, "day")


def _hits(count: int) -> str:
    return f"{count:,} hit{'' if count == 1 else 's'}"


def _more(change: float) -> str:
    return f"{abs(change):,.10g} {'more' if change >= 0 else 'fewer'}"


def _sentences(parts: Sequence[str | None]) -> str:
    return " ".join(f"{part}." for part in parts if part)
