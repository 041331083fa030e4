"""Hits as rows and in groups (API document, `GET /sites/:id/hits`)."""

from sqlite3 import Row

from tinylytics_mcp.fake_api.access import refused
from tinylytics_mcp.fake_api.call import Body, Call
from tinylytics_mcp.fake_api.parameters import Window, choice, text
from tinylytics_mcp.fake_api.quirks import Quirk
from tinylytics_mcp.fake_api.store import Value, stamp, truth

DOCUMENTED_GROUPS = ("path", "country", "referrer", "browser_name", "platform_name")
GROUPS = (*DOCUMENTED_GROUPS, "source")
"""`source` is not in the document but answered since May 2026 (field notes 9)."""


def hits(call: Call) -> tuple[int, Body]:
    """`GET /sites/:id/hits`, raw or grouped."""
    site = call.site()
    window = call.window()
    grouped = choice(call.query, "grouped", ("true", "false"), "false") == "true"
    by = _group(call)
    filters: Body = {
        **window.filters(),
        "country": text(call.query, "country"),
        "path": text(call.query, "path"),
        "referrer": text(call.query, "referrer"),
        "grouped": grouped,
    }
    condition, values = _condition(site["id"], window, filters)
    if grouped:
        return 200, _groups(call, by, condition, values, unique=bool(site["unique_tracking"])) | {
            "filters": filters | {"group_by": by}
        }
    return 200, _rows(call, condition, values) | {"filters": filters}


def hit(row: Row) -> Body:
    """One hit as the ungrouped list shows it; the hashes are shown only to who creates a hit."""
    return {
        "id": row["id"],
        "url": row["url"],
        "path": row["path"],
        "referrer": row["referrer"],
        "country": row["country"],
        "browser_name": row["browser_name"],
        "platform_name": row["platform_name"],
        "is_mobile": truth(row["is_mobile"]),
        "source": row["source"],
        "created_at": stamp(row["created_at"]),
    }


def _group(call: Call) -> str:
    """The grouping asked for; `path` where none is, since the document does not require one."""
    groups = DOCUMENTED_GROUPS if Quirk.NO_SOURCE_GROUPS in call.quirks else GROUPS
    by = call.query.get("group_by") or "path"
    if by not in groups:
        raise refused(400, f"Invalid group_by. Use one of: {', '.join(DOCUMENTED_GROUPS)}")
    return by


def _condition(site_id: int, window: Window, filters: Body) -> tuple[str, list[Value]]:
    parts = ["site_id = ?", "created_at >= ?", "created_at < ?"]
    values: list[Value] = [site_id, window.since, window.before]
    for name, part in (
        ("country", "country = ?"),
        ("path", "path = ?"),
        ("referrer", "instr(lower(referrer), lower(?)) > 0"),
    ):
        value = filters[name]
        if value is not None:
            parts.append(part)
            values.append(str(value))
    return " AND ".join(parts), values


def _rows(call: Call, condition: str, values: list[Value]) -> Body:
    page = call.page()
    order = call.order("created_at DESC, id DESC")
    # Condition and order are made of constants of this package; every value is bound.
    total = call.store.number(f"SELECT COUNT(*) FROM hits WHERE {condition}", values)  # noqa: S608
    found = call.store.rows(
        f"SELECT * FROM hits WHERE {condition} ORDER BY {order} LIMIT ? OFFSET ?",  # noqa: S608
        [*values, page.size, page.offset],
    )
    return {"hits": [hit(row) for row in found], "pagination": page.of(total)}


def _groups(call: Call, by: str, condition: str, values: list[Value], *, unique: bool) -> Body:
    """All groups, most hits first, then by value; `total_count` is the number of groups (field notes 6)."""
    page = call.page()
    counted_uniques = "COUNT(DISTINCT unique_hash)" if by == "path" and unique else "0"
    groups = call.ordered(
        call.store.rows(
            f"SELECT {by} AS value, COUNT(*) AS hits, {counted_uniques} AS uniques FROM hits"  # noqa: S608  (as above)
            f" WHERE {condition} GROUP BY {by} ORDER BY hits DESC, value",
            values,
        ),
        lambda group: group["value"],
    )
    shown = groups[page.offset : page.offset + page.size]
    if by != "path":
        rows: list[Body] = [{by: group["value"], "hit_count": group["hits"]} for group in shown]
    elif unique:
        rows = [{"path": g["value"], "views": g["hits"], "unique_views": g["uniques"]} for g in shown]
    else:
        rows = [{"path": group["value"], "views": group["hits"]} for group in shown]
    return {"grouped_hits": rows, "pagination": page.of(len(groups))}
