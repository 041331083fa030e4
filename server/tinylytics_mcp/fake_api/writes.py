"""Creating hits and kudos and deleting kudos; what is wrong in a body is a 422 (API document, section 7)."""

import json
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from hashlib import sha256
from ipaddress import ip_address, ip_network
from secrets import token_hex
from sqlite3 import Row
from typing import cast
from urllib.parse import parse_qs, urlsplit

from tinylytics_mcp.fake_api.access import Refusal, refused, unprocessable
from tinylytics_mcp.fake_api.call import Body, Call
from tinylytics_mcp.fake_api.openapi import DOCUMENT
from tinylytics_mcp.fake_api.store import HIT_FIELDS, KUDO_FIELDS, Value, fields

_COUNTRY: str = DOCUMENT["components"]["schemas"]["NewHit"]["properties"]["country"]["pattern"]
_IGNORED: Body = {"status": "ignored", "reason": "Path matches ignore rule"}
_NETWORKS = "8.8.8.0/24=US, 1.1.1.0/24=AU, 193.0.0.0/21=NL, 2001:4860::/32=US, 2a00:1450::/32=IE"
_BROWSERS = (
    "Edg/=Edge, OPR/=Opera, SamsungBrowser/=Samsung Internet, Firefox/=Firefox, FxiOS/=Firefox,"
    " Chrome/=Chrome, CriOS/=Chrome, Safari/=Safari"
)
_PLATFORMS = "iPhone=iOS, iPad=iOS, Android=Android, CrOS=ChromeOS, Windows=Windows, Mac OS X=macOS, Linux=Linux"
"""Parts of user agents and what they mean; the first that is found counts."""
_HALF_DAY = 12 * 3600


def create_hit(call: Call) -> tuple[int, Body]:
    """Answer `POST /sites/:id/hits`."""
    hit = _store_hit(call, call.site(), _object(_json(call.body), "Body must be a single JSON object"))
    if hit is None:
        return 202, _IGNORED
    names = (*HIT_FIELDS[:-1], "unique_hash", "visitor_hash", "created_at")
    return 201, {"status": "created", "hit": fields(hit, names)}


def create_hits(call: Call) -> tuple[int, Body]:
    """Answer `POST /sites/:id/hits/batch`: each row by itself. Its status is not stated; 200 is plain success."""
    site = call.site()
    rows = _json(call.body)
    if not isinstance(rows, list):
        raise unprocessable("Body must be a top-level JSON array")
    results = [{"index": index, **_row(call, site, row)} for index, row in enumerate(cast("list[object]", rows))]
    statuses = [result["status"] for result in results]
    counts = {f"{status}_count": statuses.count(status) for status in ("created", "ignored", "error")}
    return 200, {**counts, "results": results}


def create_kudo(call: Call) -> tuple[int, Body]:
    """Answer `POST /sites/:id/kudos`. Nobody knows what a uid already in use on the site gets: here it is 422."""
    site_id = call.site()["id"]
    body = _object(_json(call.body), "Body must be a single JSON object")
    path = _path(body)
    uid = _text(body, "custom_uid") or token_hex(8)
    if _is_ignored(call, site_id, path):
        return 202, _IGNORED
    if call.store.row("SELECT 1 FROM kudos WHERE site_id = ? AND uid = ?", (site_id, uid)):
        raise unprocessable("Uid has already been taken")
    created = {"site_id": site_id, "uid": uid, "path": path, "created_at": call.seconds}
    kudo_id = call.store.insert("kudos", created)
    kudo = call.store.rows("SELECT * FROM kudos WHERE id = ?", (kudo_id,))[0]
    return 201, {"status": "created", "kudo": fields(kudo, KUDO_FIELDS)}


def delete_kudo(call: Call) -> tuple[int, Body]:
    """Answer `DELETE /sites/:id/kudos/:kudo_uid`."""
    site_id = call.site()["id"]
    uid = call.segments["kudo_uid"]
    deleted = call.store.connection.execute("DELETE FROM kudos WHERE site_id = ? AND uid = ?", (site_id, uid))
    if deleted.rowcount == 0:
        raise refused(404, "Kudo not found")
    return 200, {"status": "deleted", "uid": uid}


def _row(call: Call, site: Row, row: object) -> Body:
    try:
        hit = _store_hit(call, site, _object(row, "Row must be a JSON object"))
    except Refusal as refusal:
        return cast("Body", refusal.body)
    return _IGNORED if hit is None else {"status": "created"}


def _store_hit(call: Call, site: Row, body: Body) -> Row | None:
    """Store a hit and return it, or return None where an ignore rule keeps it out."""
    path = _path(body)
    country = _country(body)
    url = _text(body, "url") or site["url"] + path
    agent = _text(body, "user_agent") or ""
    hit: dict[str, Value] = {
        "site_id": site["id"],
        "url": url,
        "path": path,
        "referrer": _text(body, "referrer"),
        "country": country,
        # An unknown browser goes by the first word of its agent.
        "browser_name": _first(_BROWSERS, lambda part: part in agent) or agent.split("/", 1)[0].strip() or None,
        "platform_name": _first(_PLATFORMS, lambda part: part in agent),
        "is_mobile": int(re.search("Mobile|iPhone|Android", agent) is not None),
        "source": _text(body, "source") or _source(url),
        "created_at": call.seconds,
        **_hashes(call, site, body, path),
    }
    if _is_ignored(call, site["id"], path):
        return None
    return call.store.rows("SELECT * FROM hits WHERE id = ?", (call.store.insert("hits", hit),))[0]


def _first(pairs: str, fits: Callable[[str], bool]) -> str | None:
    """Return the value of the first `key=value` whose key fits."""
    return next((value for key, _, value in (pair.partition("=") for pair in pairs.split(", ")) if fits(key)), None)


def _country(body: Body) -> str:
    country = _text(body, "country")
    address = _text(body, "ip_address")
    if country is not None:
        if not re.fullmatch(_COUNTRY, country):
            raise unprocessable("Country must be a 2-letter uppercase country code")
        return country
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return "XX"
    return _first(_NETWORKS, lambda network: parsed in ip_network(network)) or "XX"


def _source(url: str) -> str | None:
    """Return `?ref=` or `?utm_source=` of the address (field notes 10)."""
    try:
        query = parse_qs(urlsplit(url).query)
    except ValueError:
        return None
    return next((query[name][0] for name in ("ref", "utm_source") if name in query), None)


def _hashes(call: Call, site: Row, body: Body, path: str) -> dict[str, Value]:
    """Return the hashes of a visitor and of their view of a page, or nothing where tracking is off.

    They are salted anew every 12 hours (field notes 13).
    """
    visitor = _text(body, "visitor_id") or f"{_text(body, 'ip_address')} {_text(body, 'user_agent')}"
    if not site["unique_tracking"]:
        return {"unique_hash": None, "visitor_hash": None}
    salt = f"{site['uid']} {call.seconds // _HALF_DAY}"
    return {
        "unique_hash": sha256(f"{salt} {visitor} {path}".encode()).hexdigest()[:12],
        "visitor_hash": sha256(f"{salt} {visitor}".encode()).hexdigest()[:12],
    }


def _object(value: object, otherwise: str) -> Body:
    if not isinstance(value, dict):
        raise unprocessable(otherwise)
    return cast("Body", value)


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise unprocessable("Body must be valid JSON") from error


def _text(body: Body, name: str) -> str | None:
    """Return a field that may be missing, null or empty."""
    value = body.get(name)
    label = name.replace("_", " ").capitalize()
    if value is None:
        return None
    if not isinstance(value, str):
        raise unprocessable(f"{label} must be a string")
    # SQLite stores neither a zero character nor half of a surrogate pair.
    if re.search("[\0\ud800-\udfff]", value):
        raise unprocessable(f"{label} contains characters that cannot be stored")
    return value or None


def _path(body: Body) -> str:
    path = (_text(body, "path") or "").strip()
    if not path:
        raise unprocessable("Path can't be blank")
    return path if path.startswith("/") else f"/{path}"


def _is_ignored(call: Call, site_id: int, path: str) -> bool:
    """Return whether one of the site's ignore rules, such as `/wp-admin*`, matches."""
    rules = call.store.rows("SELECT pattern FROM ignore_rules WHERE site_id = ?", (site_id,))
    return any(fnmatchcase(path, rule["pattern"]) for rule in rules)
