"""Writes a report as one HTML document: figures, charts and tables stand in it, and a script only adds names."""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tinylytics_tools.answer import OTHER
from tinylytics_tools.tables import counted

from tinylytics_mcp.commands import report_words as words
from tinylytics_mcp.commands.report_charts import Html, joined, line, series_chart, tag
from tinylytics_mcp.commands.report_results import Report, Result, SiteResults
from tinylytics_mcp.dashboard.page import part
from tinylytics_mcp.rendering import grouped

ROWS = 5
_TABLES = ("pages", "referrers", "countries", "browsers", "platforms")
_SCRIPT = """const names = new Intl.DisplayNames("en", { type: "region" });
for (const cell of document.querySelectorAll("[data-country]")) {
  try { cell.textContent = names.of(cell.dataset.country); } catch {}
}"""


def document(report: Report) -> str:
    """Return the whole document."""
    sections = _sections(report)
    links = [tag("li", tag("a", title, href=f"#{name}")) for title, name, _ in sections]
    made = f"{words.window(report.window)}. Made on {words.moment(report.made)}."
    contents = tag("nav", tag("ul", *links), aria_label="Contents")
    attention = _attention(report.health)
    head = tag("header", tag("h1", report.title), tag("p", made, class_="soft"), contents, attention)
    parts = [tag("section", tag("h2", title, id=name), inside) for title, name, inside in sections]
    body = tag("body", tag("main", head, *parts), tag("script", Html(_SCRIPT)))
    return f'<!doctype html>\n<html lang="en">{_head(report.title)}{body}</html>\n'


def _head(title: str) -> Html:
    digest = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
    policy = f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; base-uri 'none'"
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("title", title),
        tag("style", Html(part("report.css"))),
    )


def _sections(report: Report) -> list[tuple[str, str, Html]]:
    """The title, the anchor and the content of each section."""
    if report.overview is None:
        traffic, kudos, uptime = _parts(report.sites[0], "h3")
        return [("Traffic", "traffic", traffic), ("Kudos", "kudos", kudos), ("Uptime", "uptime", uptime)]
    found = [("All sites", "sites", _shown(report.overview, _overview))]
    for number, site in enumerate(report.sites):
        traffic, kudos, uptime = _parts(site, "h4")
        inside = joined(traffic, tag("h3", "Kudos"), kudos, tag("h3", "Uptime"), uptime)
        found.append((site.name, f"site-{number}", inside))
    return found


def _parts(site: SiteResults, level: str) -> tuple[Html, Html, Html]:
    kudos = _shown(site.kudos, lambda answer, _: _kudos(answer, level))
    return _shown(site.traffic, _traffic), kudos, _shown(site.uptime, _uptime)


def _shown(result: Result, draw: Callable[[Mapping[str, Any], Mapping[str, Any]], Html]) -> Html:
    """What is drawn of an answer and of its chart; of an error its text."""
    if result.answer is not None:
        return draw(result.answer, result.chart)
    return tag("p", result.text, class_="calm" if " is not enabled" in result.text else "error")


def _traffic(answer: Mapping[str, Any], chart: Mapping[str, Any]) -> Html:
    hits = words.many(answer["hits"], "hit")
    head = joined(
        tag("p", f"{hits} ", words.change_mark(answer["change"], answer["change_percent"]), class_="big"),
        *(tag("p", text, class_="soft") for text in words.sentences(answer)),
    )
    if not answer["hits"]:
        return joined(head, tag("p", "Nobody came in these days.", class_="calm"), _notes(answer))
    best = re.fullmatch(r"(\S+)(.*): (\d+)(.*)", answer["best"] or "")
    tiles = [
        ("Visitors", words.number(answer["visitors"]), ""),
        ("Bounce rate", words.number(answer["bounce_rate_percent"], "%"), ""),
    ]
    if best and answer["series"]:
        unit = answer["series"]["columns"][0]
        tiles.append((f"Best {unit}", f"{int(best[3]):,}{best[4]}", words.readable(best[1]) + best[2]))
    known = [(name, answer[name]) for name in _TABLES if answer[name] and answer[name]["rows"]]
    rankings = [_ranking(answer, name, table, "h3") for name, table in known]
    grid = tag("div", *rankings, class_="grid")
    return joined(head, _tiles(tiles), _series(answer, chart), grid, _notes(answer))


def _series(answer: Mapping[str, Any], chart: Mapping[str, Any]) -> Html | None:
    if not answer["series"]:
        return None
    rows: list[list[Any]] = answer["series"]["rows"]
    hours: list[int] = chart.get("hours", []) if len(rows) == 1 else []
    unit = "hour" if hours else answer["series"]["columns"][0]
    has_before = chart.get("earlier") and not hours and answer["change_percent"] is not None and answer["earlier_hits"]
    told = [f"Dashed: {words.earlier_days(answer)}."] if has_before else []
    names = [f"{hour:02}:00 UTC" for hour in range(len(hours))] or [words.readable(str(row[0])) for row in rows]
    cells = [[name, words.number(hits)] for name, hits in zip(names, hours or [row[1] for row in rows], strict=True)]
    label = f"Hits by {unit}"
    drawn, cut = series_chart(answer, chart, f"{label}: its figures are in the table below")
    if cut:
        told.append(f"Cut: {', '.join(cut)}.")
    return tag(
        "figure",
        drawn,
        tag("figcaption", " ".join(told)) if told else None,
        tag("details", tag("summary", f"{label} as a table"), _table(label, [unit.capitalize(), "Hits"], cells, 1)),
    )


def _ranking(answer: Mapping[str, Any], name: str, table: Mapping[str, Any], level: str) -> Html:
    column, counts = table["columns"][:2]
    every: list[list[Any]] = table["rows"]
    has_other = every[-1][0] == OTHER
    listed = every[:-1] if has_other else every
    shown = sorted(listed, key=lambda row: (-row[1], "%" in str(row[0])))[:ROWS]  # among equals, odd names are last
    of = answer[counts]
    is_whole = has_other or len(listed) == table["of"]  # else nobody knows what all others are
    left = sum(row[1] for row in every) - sum(row[1] for row in shown) if is_whole else 0
    most = max(row[1] for row in shown)
    rows: list[list[str]] = []
    for value, count, *_ in shown:
        bar = tag("div", class_="bar", style=f"width:{100 * count / most:.1f}%")
        rows.append([joined(words.called(column, str(value)), bar), f"{count:,}", words.share(count, of)])
    own = answer.get("internal_hits") if name == "referrers" else 0
    for text, count in (("All others", left), ("The site's own pages, no source", own)):
        if count:
            rows.append([tag("span", text, class_="soft"), f"{count:,}", words.share(count, of)])
    title = "Pages" if name == "by_page" else name.capitalize()
    part_of = tag("small", f" {len(shown)} of {table['of']:,}") if len(shown) < table["of"] else None
    made = _table(title, [column.capitalize(), counts.capitalize(), "Share"], rows, 2)
    return tag("div", tag(level, title, part_of), made, class_="table")


def _kudos(answer: Mapping[str, Any], level: str) -> Html:
    by_page = answer["by_page"]
    ranking = _ranking(answer, "by_page", by_page, level) if by_page and by_page["rows"] else None
    kudos = words.UNKNOWN if answer["kudos"] is None else words.many(answer["kudos"], "kudo")
    return joined(tag("p", kudos, class_="big"), ranking, None if answer["complete"] else _notes(answer))


def _uptime(answer: Mapping[str, Any], _: object) -> Html:
    is_since = answer["status"] == "down" and answer["down_since"] != "unknown"
    since = f" since {words.readable(answer['down_since'])}" if is_since else ""
    down_s = answer["downtime_30_days_s"]
    period = str(answer["uptime_period"]).replace("30d", "30 days")
    tiles = [
        (f"Uptime in {period}", words.number(answer["uptime_percent"], "%"), ""),
        ("Down in 30 days", "never" if down_s == 0 else words.lasting(down_s), ""),
        ("Certificate", *_expiry(answer["ssl_days_left"], answer["ssl_expires"], is_valid=answer["ssl_valid"])),
        ("Domain", *_expiry(answer["domain_days_left"], answer["domain_expires"])),
    ]
    rows = [
        [words.readable(started), words.readable(ended), words.lasting(seconds), str(error)]
        for started, ended, seconds, error in answer["downtimes"]["rows"]
    ]
    return joined(
        tag("p", _status(answer["status"]), since, class_="big"),
        None if answer["status"] == "up" else tag("p", answer["status_reason"]),
        _tiles(tiles),
        tag("div", _table("Outages", ["Down from", "To", "Lasted", "Error"], rows), class_="table") if rows else None,
        _notes(answer),
    )


def _overview(answer: Mapping[str, Any], chart: Mapping[str, Any]) -> Html:
    rows: list[list[str]] = []
    for row in answer["sites"]["rows"]:
        site = dict(zip(answer["sites"]["columns"], row, strict=True))
        pieces = chart.get("sites", {}).get(str(site["id"]), {}).get("pieces", [])
        change = words.change_mark(site.get("change"), site.get("change_percent")) or tag("small", "not compared")
        before = site.get("earlier_hits")
        if before is not None:
            change = joined(change, tag("br"), tag("small", f"{before:,} before"))
        status = _status(str(site.get("status") or "unknown"))
        rows.append([str(site["site"]), status, line(pieces) or "", words.number(site["hits"]), change])
    left = answer["sites"]["of"] - len(rows)
    hits = f"{words.many(answer['hits'], 'hit')} on {counted(answer['sites_asked'], 'site')} "
    return joined(
        tag("p", hits, words.change_mark(answer["change"], answer["change_percent"]), class_="big"),
        *(tag("p", text, class_="soft") for text in words.sentences(answer)),
        tag("div", _table("Sites", ["Site", "Status", "Days", "Hits", "Change"], rows, 2), class_="table"),
        tag("p", f"{counted(left, 'more site')} not in this report.") if left else None,
        _notes(answer),
    )


def _attention(health: Result | None) -> Html | None:
    """What is wrong, site by site; None where nothing is, or it could not be looked at."""
    problems: list[tuple[str, str]] = health.chart.get("problems", []) if health else []
    items = [tag("li", tag("b", name), f" {words.readable(wrong)}") for name, wrong in problems]
    return tag("ul", *items, class_="strip", aria_label="Needs attention") if items else None


def _notes(answer: Mapping[str, Any]) -> Html | None:
    notes = [*([] if answer["complete"] else ["Not everything was read."]), *answer["notes"]]
    return tag("ul", *(tag("li", words.readable(grouped(note))) for note in notes), class_="notes") if notes else None


def _tiles(tiles: Sequence[tuple[str, str, str]]) -> Html:
    def tile(name: str, value: str, more: str) -> Html:
        return tag("div", tag("dt", name), tag("dd", value), tag("dd", more, class_="soft") if more else None)

    return tag("dl", *(tile(*one) for one in tiles))


def _table(label: str, head: Sequence[str], rows: Sequence[Sequence[str]], numbers: int = 0) -> Html:
    """Return a table, the last `numbers` columns to the right."""
    kinds = [None] * (len(head) - numbers) + ["number"] * numbers
    columns = [tag("th", title, scope="col", class_=kind) for title, kind in zip(head, kinds, strict=True)]

    def cells(row: Sequence[str]) -> list[Html]:
        return [tag("td", cell, class_=kind) for cell, kind in zip(row[1:], kinds[1:], strict=True)]

    body = [tag("tr", tag("th", row[0], scope="row"), *cells(row)) for row in rows]
    return tag("table", tag("thead", tag("tr", *columns)), tag("tbody", *body), aria_label=label)


def _status(status: str) -> Html:
    sign = {"up": "●", "down": "■"}.get(status, "○")
    return tag("span", tag("span", f"{sign} ", aria_hidden="true"), status, class_=f"status {status.split()[0]}")


def _expiry(days: int | None, day: str, *, is_valid: bool | None = None) -> tuple[str, str]:
    due = "▲ due soon, " if days is not None and days <= words.DUE_DAYS else ""
    left = words.UNKNOWN if days is None else words.days_left(days)
    return "not valid" if is_valid is False and (days is None or days >= 0) else left, due + words.readable(day)
