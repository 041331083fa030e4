"""The account, its sites and the API's description of itself."""

from sqlite3 import Row

from tinylytics_mcp.fake_api.access import ACCESS_TYPES
from tinylytics_mcp.fake_api.call import Body, Call
from tinylytics_mcp.fake_api.openapi import DOCUMENT, OPERATIONS
from tinylytics_mcp.fake_api.quirks import Quirk
from tinylytics_mcp.fake_api.store import SITE_FIELDS, Store, fields, stamp

_COUNTS = {
    "lifetime_hits": "SELECT COUNT(*) FROM hits WHERE site_id = ?",
    "lifetime_unique_hits": "SELECT COUNT(DISTINCT unique_hash) FROM hits WHERE site_id = ?",
    "lifetime_kudos": "SELECT COUNT(*) FROM kudos WHERE site_id = ?",
}


def discovery(call: Call) -> tuple[int, Body]:
    """Answer `GET /`: its form is not documented; a client can rely on nothing but JSON."""
    return 200, {
        "name": "Tinylytics API",
        "version": "v1",
        "base_url": call.base_url,
        "openapi_url": f"{call.base_url}/openapi.json",
        "authentication": {"type": "bearer", "header": "Authorization: Bearer <api key>"},
        "rate_limit": {"requests": 1000, "period": "hour", "scope": "api_key"},
        "endpoints": [
            {
                "method": operation.method,
                "path": operation.template,
                "description": operation.summary,
                "full_access": operation.access == "full",
                "subscription": operation.subscription,
            }
            for operation in OPERATIONS
        ],
    }


def openapi(call: Call) -> tuple[int, Body]:
    """Answer `GET /openapi.json`."""
    return 200, {**DOCUMENT, "servers": [{"url": call.base_url}]}


def me(call: Call) -> tuple[int, Body]:
    """Answer `GET /me`."""
    access = ACCESS_TYPES[call.key]
    account: Body = {
        "id": 123,
        "email": "blogger@example.com",
        "is_subscribed": call.subscribed,
        "created_at": stamp(call.store.number("SELECT MIN(created_at) FROM sites")),
        "api_key": {
            "name": "Reporting" if access == "read_only" else "Server-side tracking",
            "access_type": access,
            "last_used_at": stamp(call.seconds),
        },
    }
    return 200, {"user": account} if Quirk.WRAPPED in call.quirks else account


def sites(call: Call) -> tuple[int, Body]:
    """Answer `GET /sites`."""
    return 200, {"sites": [_described(call.store, site) for site in call.store.rows("SELECT * FROM sites ORDER BY id")]}


def site(call: Call) -> tuple[int, Body]:
    """Answer `GET /sites/:id`."""
    described = _described(call.store, call.site())
    return 200, {"site": described} if Quirk.WRAPPED in call.quirks else described


def _described(store: Store, site: Row) -> Body:
    counts = {name: store.lasting_number(sql, site["id"]) for name, sql in _COUNTS.items()}
    return {**fields(site, SITE_FIELDS), **counts, **fields(site, ("active", "public", "created_at", "updated_at"))}
