"""The fake API as an ASGI app: finds the operation, checks the caller and lets the handler answer."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import Connection

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from tinylytics_mcp.fake_api import monitoring, sites, traffic, writes
from tinylytics_mcp.fake_api.access import HourlyLimit, Refusal, key_of, refused
from tinylytics_mcp.fake_api.account import fill
from tinylytics_mcp.fake_api.call import Call, Handler
from tinylytics_mcp.fake_api.openapi import find_operation
from tinylytics_mcp.fake_api.quirks import Quirk, with_unknown_fields
from tinylytics_mcp.fake_api.store import HIT_COLUMNS, Store, Value

_PREFIX = "/api/v1"
_MARKETING = "<!doctype html><title>Tinylytics</title><h1>Simple website analytics</h1>"


class FakeApi:
    """The Tinylytics API with a made-up account, for demos and tests; itself an ASGI app under `/api/v1`.

    The account is made at the first use and depends on (seed, today, hits) alone, but for the clock times of today's
    hits, which lie between midnight and now. `hits` is the number of the main site's; 0 leaves all sites empty.
    `requests` are the (method, path with query) received so far; `requests.clear()` forgets them.
    """

    def __init__(
        self,
        *,
        seed: int = 7,
        now: Callable[[], datetime] | None = None,
        hits: int = 12_000,
        quirks: Iterable[Quirk] = (),
        subscribed: bool = True,
        hourly_limit: int = 1000,
        database: str | Path = ":memory:",
    ) -> None:
        self.requests: list[tuple[str, str]] = []
        self._seed = seed
        self._now = now or (lambda: datetime.now(UTC))
        self._hits = hits
        self._quirks = frozenset(quirks)
        self._subscribed = subscribed
        self._limit = HourlyLimit(hourly_limit)
        self._store = Store(database)
        self._is_filled = False
        self._rankings = traffic.Rankings()
        self._handlers: dict[str, Handler] = {**_HANDLERS, "leaderboard": self._rankings.leaderboard}
        self._beside_http = Starlette()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as ASGI. Paths are matched here: Starlette's routes take none with a line break in it."""
        if scope["type"] != "http":
            await self._beside_http(scope, receive, send)
            return
        response = await self._answer(Request(scope, receive))
        if scope["method"] == "HEAD":
            # The headers stay those of GET, the length too.
            response.body = b""
        await response(scope, receive, send)

    @property
    def connection(self) -> Connection:
        """Return the database, filled; times in it are epoch seconds, truth values 0 or 1. Any thread may use it.

        The leaderboard keeps what it last counted for an hour, as the API does, whatever is written here.
        """
        return self._filled().connection

    def add_site(self, *, label: str, url: str, **fields: Value) -> int:
        """Store a site and return its id; it is old and plain unless `fields` (columns of `sites`) say otherwise."""
        store = self._filled()
        created = int(self._now().timestamp()) - 400 * 86_400
        uid = f"uid-{label.lower().replace(' ', '-')}"
        times: dict[str, Value] = {"created_at": created, "updated_at": created}
        return store.insert("sites", {"label": label, "url": url, "uid": uid, **times, **fields})

    def add_hits(self, site_id: int, rows: Iterable[Mapping[str, Value]]) -> None:
        """Store hits; each row names columns of `hits`: `path` (default `/`), `created_at` (default now), …

        The leaderboard is counted anew afterwards.
        """
        now = int(self._now().timestamp())
        named = [{"path": "/", "created_at": now, **row, "site_id": site_id} for row in rows]
        unknown = {name for row in named for name in row} - set(HIT_COLUMNS)
        if unknown:
            raise ValueError(f"hits have no column {', '.join(sorted(unknown))}; they have {', '.join(HIT_COLUMNS)}")
        store = self._filled()
        site = store.rows("SELECT url FROM sites WHERE id = ?", (site_id,))[0]
        located = ({"url": f"{site['url']}{row['path']}", **row} for row in named)
        store.insert_hits(tuple(row.get(name) for name in HIT_COLUMNS) for row in located)
        self._rankings.forget()

    def add_kudos(self, site_id: int, rows: Iterable[Mapping[str, Value]]) -> None:
        """Store kudos; each row names columns of `kudos`: `uid`, `path` (default `/`), `created_at` (default now)."""
        now = int(self._now().timestamp())
        for row in rows:
            self._filled().insert("kudos", {"path": "/", "created_at": now, **row, "site_id": site_id})

    def _filled(self) -> Store:
        with self._store.lock:
            if not self._is_filled:
                fill(self._store, seed=self._seed, now=self._now(), hits=self._hits)
                self._is_filled = True
        return self._store

    async def _answer(self, request: Request) -> Response:
        path = _raw_path(request)
        query = request.url.query
        self.requests.append((request.method, f"{path}?{query}" if query else path))
        try:
            if not f"{path}/".startswith(f"{_PREFIX}/"):
                raise refused(404, "Not found")
            operation, segments = find_operation(request.method, path.removeprefix(_PREFIX))
            key = key_of(request.headers.get("authorization"))
            if operation.access != "public":
                refusal = self._turned_away(key)
                if refusal is not None:
                    return refusal
            body = await request.body()
            store = self._filled()
            with store.lock:
                call = Call(
                    operation=operation,
                    store=store,
                    now=self._now(),
                    quirks=self._quirks,
                    key=key or "",
                    subscribed=self._subscribed,
                    base_url=f"{request.url.scheme}://{request.url.netloc}{_PREFIX}",
                    segments=segments,
                    query=request.query_params,
                    body=body,
                )
                return self._json(*self._handled(call), as_it_is=operation.name == "openapi")
        except Refusal as refusal:
            if refusal.body is None:
                return Response(status_code=refusal.status, headers=refusal.headers)
            return self._json(refusal.status, refusal.body, refusal.headers)

    def _turned_away(self, key: str | None) -> Response | None:
        if key is None:
            if Quirk.HTML_FOR_BAD_KEY in self._quirks:
                return HTMLResponse(_MARKETING)
            if Quirk.REDIRECT_FOR_BAD_KEY in self._quirks:
                return RedirectResponse("https://www.tinylytics.example/", 302)
            return self._json(401, {"error": "Invalid API key"})
        with self._store.lock:
            seconds = self._limit.seconds_to_wait(key, self._now())
        if not seconds:
            return None
        if Quirk.BARE_429 in self._quirks:
            return PlainTextResponse("Retry later\n", 429)
        return self._json(429, {"error": "Rate limit exceeded"}, {"Retry-After": str(seconds)})

    def _handled(self, call: Call) -> tuple[int, dict[str, object]]:
        if call.operation.access == "full" and not call.key.startswith("tly-fa-"):
            raise refused(403, "This endpoint requires a full access API key")
        if call.operation.subscription:
            call.site()
            if not self._subscribed:
                raise refused(403, "This endpoint requires an active subscription")
        return self._handlers[call.operation.name](call)

    def _json(
        self, status: int, body: object, headers: dict[str, str] | None = None, *, as_it_is: bool = False
    ) -> Response:
        if Quirk.EXTRA_FIELDS in self._quirks and not as_it_is:
            body = with_unknown_fields(body)
        return JSONResponse(body, status, headers)


_HANDLERS: dict[str, Handler] = {
    "discovery": sites.discovery,
    "openapi": sites.openapi,
    "me": sites.me,
    "sites": sites.sites,
    "site": sites.site,
    "hits": traffic.hits,
    "create_hit": writes.create_hit,
    "create_hits": writes.create_hits,
    "kudos": traffic.kudos,
    "create_kudo": writes.create_kudo,
    "delete_kudo": writes.delete_kudo,
    "user_journeys": traffic.user_journeys,
    "insights": monitoring.insights,
    "uptime": monitoring.uptime,
    "content": monitoring.content,
}


def _raw_path(request: Request) -> str:
    """Return the path as it was sent: a `%2F` inside a segment is not a separator."""
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return raw.partition(b"?")[0].decode("latin-1")
