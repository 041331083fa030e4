"""Creating hits, one or many (API document, `POST /sites/:id/hits` and `…/batch`)."""

import ipaddress
import re
from hashlib import sha256
from sqlite3 import Row
from typing import cast
from urllib.parse import parse_qs, urlsplit

from tinylytics_mcp.fake_api.access import unprocessable
from tinylytics_mcp.fake_api.agents import agent
from tinylytics_mcp.fake_api.analytics import hit
from tinylytics_mcp.fake_api.bodies import (
    Problem,
    is_ignored,
    json_array,
    json_object,
    optional_text,
    required_path,
)
from tinylytics_mcp.fake_api.call import Body, Call
from tinylytics_mcp.fake_api.store import Value

_IGNORED: Body = {"status": "ignored", "reason": "Path matches ignore rule"}
_NETWORKS = {
    ipaddress.ip_network(network): country
    for network, country in {
        "8.8.8.0/24": "US",
        "1.1.1.0/24": "AU",
        "193.0.0.0/21": "NL",
        "2001:4860::/32": "US",
        "2a00:1450::/32": "IE",
    }.items()
}
_HALF_DAY = 12 * 3600


def create_hit(call: Call) -> tuple[int, Body]:
    """`POST /sites/:id/hits`."""
    site = call.site()
    try:
        stored = _store(call, site, json_object(call.body))
    except Problem as problem:
        raise unprocessable(str(problem)) from problem
    if stored is None:
        return 202, _IGNORED
    created = {**hit(stored), "unique_hash": stored["unique_hash"], "visitor_hash": stored["visitor_hash"]}
    created["created_at"] = created.pop("created_at")
    return 201, {"status": "created", "hit": created}


def create_hits(call: Call) -> tuple[int, Body]:
    """`POST /sites/:id/hits/batch`: each row fares by itself. Its status is not stated; 200 is plain success."""
    site = call.site()
    results = [{"index": index, **_row(call, site, row)} for index, row in enumerate(json_array(call.body))]
    counts = {
        f"{outcome}_count": sum(result["status"] == status for result in results)
        for outcome, status in (("created", "created"), ("ignored", "ignored"), ("error", "error"))
    }
    return 200, {**counts, "results": results}


def _row(call: Call, site: Row, row: object) -> Body:
    if not isinstance(row, dict):
        return {"status": "error", "errors": ["Row must be a JSON object"]}
    try:
        stored = _store(call, site, cast("Body", row))
    except Problem as problem:
        return {"status": "error", "errors": [str(problem)]}
    return _IGNORED if stored is None else {"status": "created"}


def _store(call: Call, site: Row, fields: Body) -> Row | None:
    """The hit as stored, or None where an ignore rule keeps it out."""
    path = required_path(fields)
    country = _country(fields)
    url = optional_text(fields, "url") or site["url"] + path
    browser, platform, is_mobile = agent(optional_text(fields, "user_agent"))
    hit: dict[str, Value] = {
        "site_id": site["id"],
        "url": url,
        "path": path,
        "referrer": optional_text(fields, "referrer"),
        "country": country,
        "browser_name": browser,
        "platform_name": platform,
        "is_mobile": int(is_mobile),
        "source": optional_text(fields, "source") or _source(url),
        "created_at": int(call.now.timestamp()),
        **_hashes(call, site, fields, path),
    }
    if is_ignored(call.store, site["id"], path):
        return None
    return call.store.rows("SELECT * FROM hits WHERE id = ?", (call.store.insert("hits", hit),))[0]


def _country(fields: Body) -> str:
    country = optional_text(fields, "country")
    address = optional_text(fields, "ip_address")
    if country is not None:
        if not re.fullmatch(r"[A-Z]{2}", country):
            raise Problem("Country must be a 2-letter uppercase country code")
        return country
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "XX"
    return next((code for network, code in _NETWORKS.items() if parsed in network), "XX")


def _source(url: str) -> str | None:
    """`?ref=` or `?utm_source=` of the address (field notes 10)."""
    try:
        query = parse_qs(urlsplit(url).query)
    except ValueError:
        return None
    return next((query[name][0] for name in ("ref", "utm_source") if name in query), None)


def _hashes(call: Call, site: Row, fields: Body, path: str) -> dict[str, Value]:
    """Who and who-on-which-page, salted anew every 12 hours (field notes 13); nothing where tracking is off."""
    visitor = optional_text(fields, "visitor_id")
    if visitor is None:
        visitor = f"{optional_text(fields, 'ip_address')} {optional_text(fields, 'user_agent')}"
    if not site["unique_tracking"]:
        return {"unique_hash": None, "visitor_hash": None}
    salt = f"{site['uid']} {int(call.now.timestamp()) // _HALF_DAY}"
    return {
        "unique_hash": sha256(f"{salt} {visitor} {path}".encode()).hexdigest()[:12],
        "visitor_hash": sha256(f"{salt} {visitor}".encode()).hexdigest()[:12],
    }
