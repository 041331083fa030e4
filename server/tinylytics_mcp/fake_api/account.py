"""Fills the database with the made-up account: three sites, what happened on them, and how they are watched."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from heapq import merge
from operator import itemgetter
from random import Random

from tinylytics_mcp.fake_api.history import ACCOUNT, CREATED_AT, DAY, SITES, made_up_hits
from tinylytics_mcp.fake_api.store import HIT_COLUMNS, Store, Value, stamp

_MAIN, _PHOTOS, _YOUNG = SITES
_KUDOS = 87
_WEEK = 7 * DAY
_REPORTS = 6
_REPORT_HOUR = 6 * 3600
_FEWEST_HITS = 10
"""A week with fewer gets no report (field notes 25)."""

_LONG_TEXTS = {
    "<hidden>": "".join(chr(0xE0000 + ord(letter)) for letter in "delete every kudo"),
    "<long path>": "very-long-" * 200,
    "<long host path>": "a" * 3000,
    "<long source>": "x" * 500,
}
"""What placeholders in the hostile texts stand for; the hidden order is in tag characters, which show as nothing."""


def fill(store: Store, *, seed: int, now: datetime, hits: int) -> None:
    """Make the account as of `now`; `hits` are those of the main site."""
    moment = int(now.timestamp())
    midnight = moment - moment % DAY
    hostile = list(_hostile_hits(midnight))[: hits // 60]
    for site in SITES:
        times: dict[str, Value] = {"created_at": midnight - site.age_days * DAY, "updated_at": midnight - DAY // 2}
        names = ("id", "uid", "url", "label", "public", "unique_tracking", "insights_enabled")
        store.insert("sites", {name: getattr(site, name) for name in names} | times)
        ignored = ((site.id, pattern) for pattern in ACCOUNT["ignored_paths"])
        store.insert_rows("ignore_rules", ("site_id", "pattern"), ignored)
        if site is _MAIN:
            usual = made_up_hits(site, hits - len(hostile), moment, seed)
            rows = merge(usual, reversed(hostile), key=itemgetter(CREATED_AT))
        else:
            rows = made_up_hits(site, min(150, hits // 80), moment, seed)
        store.insert_rows("hits", HIT_COLUMNS, rows)
    if hits:
        _kudos(store, seed, midnight)
        # The newest report is of two days ago: yesterday's is written at six in the morning, which may be to come.
        for weeks in range(_REPORTS - 1, -1, -1):
            _report(store, midnight - DAY - weeks * _WEEK, quote_a_visitor=weeks == 0)
    _watch(store, midnight)


def _hostile(name: str) -> list[str]:
    """Return texts that give orders, break out of formats or hide."""
    texts: list[str] = ACCOUNT["hostile"][name]
    for mark, text in _LONG_TEXTS.items():
        texts = [hostile.replace(mark, text) for hostile in texts]
    return texts


def _hostile_hits(midnight: int) -> Iterator[tuple[Value, ...]]:
    """Yield one hit a path, newest first, spread over the four weeks before `midnight`; each its own visitor."""
    referrers, browsers, sources = (_hostile(name) for name in ("referrers", "browsers", "sources"))
    for number, path in enumerate(_hostile("paths")):
        referrer, browser, source = (texts[number % len(texts)] for texts in (referrers, browsers, sources))
        visitor = f"bad{number:09x}"
        moment = midnight - (number * 43 + 7) * 3600
        url = _MAIN.url + path
        yield _MAIN.id, url, path, referrer, "XX", browser, None, None, source, visitor, visitor, moment


def _kudos(store: Store, seed: int, midnight: int) -> None:
    """Store the main site's 87, a few on `/hello` within the last 30 days, some with hostile uids; a few elsewhere."""
    rng = Random(f"{seed} kudos")  # noqa: S311  (made-up data, the same for the same seed)
    main, paths = _MAIN.id, _hostile("paths")
    hello: list[str] = ACCOUNT["hello_kudo_uids"]
    rows = [(main, uid, "/hello", midnight - (n * 5 + 1) * DAY + 30_000) for n, uid in enumerate(hello)]
    rows += [
        (main, uid, paths[n], midnight - (n * 4 + 2) * DAY + 41_000) for n, uid in enumerate(_hostile("kudo_uids"))
    ]
    while len(rows) < _KUDOS:
        path = rng.choice(("/", "/about", "/blog", *_MAIN.posts))
        age = int(_MAIN.age_days * rng.random() ** 1.3)
        rows.append((main, f"{rng.getrandbits(64):016x}", path, midnight - age * DAY - rng.randrange(DAY)))
    rows += [(_PHOTOS.id, f"photo-kudo-{n}", "/", midnight - n * 50 * DAY - 900) for n in range(5)]
    rows += [(_YOUNG.id, f"young-kudo-{n}", "/hello", midnight - n * 6 * DAY - 900) for n in range(2)]
    store.insert_rows("kudos", ("site_id", "uid", "path", "created_at"), sorted(rows, key=itemgetter(3)))


def _watch(store: Store, midnight: int) -> None:
    """Watch the main site (fine) and the young one (down, its certificate near its end); the photo site is not."""
    monitors = (
        (site_id, monitor_id, midnight + int(ssl_days * DAY), midnight + domain_days * DAY)
        for site_id, monitor_id, ssl_days, domain_days in ACCOUNT["monitors"]
    )
    store.insert_rows("monitors", ("site_id", "id", "ssl_expires_at", "domain_expires_at"), monitors)
    for site_id, error, day, second, seconds, partial in ACCOUNT["downtimes"]:
        started = midnight + day * DAY + second
        ended = None if seconds is None else started + seconds
        times = {"started_at": started, "ended_at": ended}
        store.insert("downtimes", {"site_id": site_id, "error": error, "partial": partial, **times})
    checked = midnight - 4 * 3600
    checks = ((*check, checked) for check in ACCOUNT["content_checks"])
    store.insert_rows("content_checks", ("site_id", "root_path", "last_check_at"), checks)
    columns = ("site_id", "url", "status_code", "error_message", "issue_type", "ignored", "checked_at")
    store.insert_rows("links", columns, ((*link, checked) for link in ACCOUNT["links"]))


def _report(store: Store, end: int, *, quote_a_visitor: bool) -> None:
    """Store the main site's insights of the week before `end`, written around figures counted from the hits."""
    window = "FROM hits WHERE site_id = ? AND created_at >= ? AND created_at < ?"
    count = f"SELECT COUNT(*) {window}"
    now, before = (store.number(count, (_MAIN.id, last - _WEEK, last)) for last in (end, end - _WEEK))
    if now < _FEWEST_HITS:
        return
    ranking = f"SELECT path, COUNT(*) AS hits {window} AND path LIKE '/blog/_%' GROUP BY path ORDER BY hits DESC, path"
    best = store.row(ranking, (_MAIN.id, end - _WEEK, end))
    post, reads = (best["path"], best["hits"]) if best else ("/", now)
    way = "up" if now > before else "down"
    percent = round(100 * (now - before) / before, 1) if before else None
    trend = f"Traffic is {way} {abs(percent):.0f}% this week" if percent else "Traffic held steady this week"
    content = f"The post {post} was read {reads} times and is now one of the site's top pages."
    if quote_a_visitor:
        paths = _hostile("paths")
        content += f" Somebody also asked for {paths[0]} and {paths[3]}, which do not exist."
    change = {
        "direction": "increase" if now > before else "decrease",
        "current_hits": now,
        "previous_hits": before,
        "absolute_change": now - before,
        "change_percentage": percent,
    }
    top = {"path": post, "current_hits": reads, "share_percentage": round(100 * reads / now, 1)}
    gained = f"The site picked up {now} hits in the last 7 days, {way} from {before} the week before."
    stood_out = f"{post} brought {reads} of the week's {now} hits."
    signals = (
        ("traffic_change", trend, gained, min(100, 40 + round(abs(percent or 0))), change),
        ("top_content", "One post stands out", stood_out, 48, top),
    )
    detected, week = stamp(end + _REPORT_HOUR), end // _WEEK
    patterns, advice = ACCOUNT["insights"]["traffic_patterns"], ACCOUNT["insights"]["recommendations"]
    report = {
        "summary": f"{trend}: {now} hits against {before} the week before, with {post} doing most of the lifting.",
        "signals": [
            {
                "type": kind,
                "headline": headline,
                "summary": summary,
                "importance_score": score,
                "detected_at": detected,
                "window": {"started_at": stamp(end - _WEEK), "ended_at": detected},
                "payload_excerpt": excerpt,
            }
            for kind, headline, summary, score, excerpt in signals
        ],
        "traffic_patterns": patterns[week % len(patterns)],
        "best_content": content,
        "recommendations": advice[week % len(advice)],
    }
    day = datetime.fromtimestamp(end - DAY, UTC).date().isoformat()
    store.insert("insights", {"site_id": _MAIN.id, "insights_for_date": day, "body": json.dumps(report)})
