"""Kudos: reading, giving and deleting them (API document, `/sites/:id/kudos`)."""

from secrets import token_hex
from sqlite3 import Row

from tinylytics_mcp.fake_api.access import refused, unprocessable
from tinylytics_mcp.fake_api.bodies import Problem, is_ignored, json_object, optional_text, required_path
from tinylytics_mcp.fake_api.call import Body, Call
from tinylytics_mcp.fake_api.parameters import text
from tinylytics_mcp.fake_api.store import Value, stamp


def kudos(call: Call) -> tuple[int, Body]:
    """`GET /sites/:id/kudos`."""
    site_id = call.site()["id"]
    window, page = call.window(), call.page()
    filters: Body = {**window.filters(), "path": text(call.query, "path"), "uid": text(call.query, "uid")}
    parts = ["site_id = ?", "created_at >= ?", "created_at < ?"]
    values: list[Value] = [site_id, window.since, window.before]
    for name in ("path", "uid"):
        if filters[name] is not None:
            parts.append(f"{name} = ?")
            values.append(str(filters[name]))
    condition = " AND ".join(parts)
    order = call.order("created_at DESC, id DESC")
    # Condition and order are made of constants of this package; every value is bound.
    total = call.store.number(f"SELECT COUNT(*) FROM kudos WHERE {condition}", values)  # noqa: S608
    found = call.store.rows(
        f"SELECT * FROM kudos WHERE {condition} ORDER BY {order} LIMIT ? OFFSET ?",  # noqa: S608
        [*values, page.size, page.offset],
    )
    return 200, {"kudos": [_kudo(row) for row in found], "pagination": page.of(total), "filters": filters}


def create_kudo(call: Call) -> tuple[int, Body]:
    """`POST /sites/:id/kudos`. Nobody knows what a uid already in use on the site gets: here it is 422."""
    site_id = call.site()["id"]
    fields = json_object(call.body)
    try:
        path = required_path(fields)
        uid = optional_text(fields, "custom_uid") or token_hex(8)
    except Problem as problem:
        raise unprocessable(str(problem)) from problem
    if is_ignored(call.store, site_id, path):
        return 202, {"status": "ignored", "reason": "Path matches ignore rule"}
    if call.store.row("SELECT 1 FROM kudos WHERE site_id = ? AND uid = ?", (site_id, uid)):
        raise unprocessable("Uid has already been taken")
    created = {"site_id": site_id, "uid": uid, "path": path, "created_at": int(call.now.timestamp())}
    kudo_id = call.store.insert("kudos", created)
    return 201, {"status": "created", "kudo": _kudo(call.store.rows("SELECT * FROM kudos WHERE id = ?", (kudo_id,))[0])}


def delete_kudo(call: Call) -> tuple[int, Body]:
    """`DELETE /sites/:id/kudos/:kudo_uid`."""
    site_id = call.site()["id"]
    uid = call.segments["kudo_uid"]
    deleted = call.store.connection.execute("DELETE FROM kudos WHERE site_id = ? AND uid = ?", (site_id, uid))
    if deleted.rowcount == 0:
        raise refused(404, "Kudo not found")
    return 200, {"status": "deleted", "uid": uid}


def _kudo(row: Row) -> Body:
    return {"id": row["id"], "uid": row["uid"], "path": row["path"], "created_at": stamp(row["created_at"])}
