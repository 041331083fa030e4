"""The fake API as an ASGI app: finds the operation, checks the caller and lets the handler answer."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from sqlite3 import Connection

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tinylytics_mcp.fake_api import monitoring, sites, traffic, writes
from tinylytics_mcp.fake_api.access import FULL_ACCESS_KEY, HourlyLimit, Refusal, key_of, refused
from tinylytics_mcp.fake_api.account import fill
from tinylytics_mcp.fake_api.call import Body, Call, Handler
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
    ) -> None:
        self.requests: list[tuple[str, str]] = []
        self._seed = seed
        self._now = now or (lambda: datetime.now(UTC))
        self._hits = hits
        self._quirks = frozenset(quirks)
        self._subscribed = subscribed
        self._limit = HourlyLimit(hourly_limit)
        self._store = Store()
        self._is_filled = False
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
        store = self._filled()
        site = store.rows("SELECT url FROM sites WHERE id = ?", (site_id,))[0]
        usual = {"path": "/", "created_at": int(self._now().timestamp())}
        located = [{"url": f"{site['url']}{row.get('path', '/')}", **usual, **row, "site_id": site_id} for row in rows]
        unknown = {name for row in located for name in row} - set(HIT_COLUMNS)
        if unknown:
            raise ValueError(f"hits have no column {', '.join(sorted(unknown))}; they have {', '.join(HIT_COLUMNS)}")
        store.insert_rows("hits", HIT_COLUMNS, (tuple(row.get(name) for name in HIT_COLUMNS) for row in located))
        store.rankings.clear()

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
        body = await request.body()
        headers = None
        try:
            with self._store.lock:
                status, reply = self._handled(request, path, body)
        except Refusal as refusal:
            status, reply, headers = refusal.status, refusal.body, refusal.headers
        if not isinstance(reply, dict):
            return Response(reply, status, headers)
        if Quirk.EXTRA_FIELDS in self._quirks and "openapi" not in reply:
            reply = with_unknown_fields(reply)
        return JSONResponse(reply, status, headers)

    def _handled(self, request: Request, path: str, body: bytes) -> tuple[int, Body]:
        if not f"{path}/".startswith(f"{_PREFIX}/"):
            raise refused(404, "Not found")
        operation, segments = find_operation(request.method, path.removeprefix(_PREFIX))
        key = key_of(request.headers.get("authorization"))
        if operation.access != "public":
            self._check(key)
        if operation.access == "full" and key != FULL_ACCESS_KEY:
            raise refused(403, "This endpoint requires a full access API key")
        call = Call(
            operation=operation,
            store=self._filled(),
            now=self._now(),
            quirks=self._quirks,
            key=key or "",
            subscribed=self._subscribed,
            base_url=f"{request.url.scheme}://{request.url.netloc}{_PREFIX}",
            segments=segments,
            query=request.query_params,
            body=body,
        )
        if operation.subscription and call.site() and not self._subscribed:
            raise refused(403, "This endpoint requires an active subscription")
        return _HANDLERS[operation.name](call)

    def _check(self, key: str | None) -> None:
        """Raise a Refusal for a key that is not known or has no request left in this hour."""
        if key is None:
            if Quirk.HTML_FOR_BAD_KEY in self._quirks:
                raise Refusal(200, _MARKETING, {"Content-Type": "text/html; charset=utf-8"})
            if Quirk.REDIRECT_FOR_BAD_KEY in self._quirks:
                raise Refusal(302, None, {"Location": "https://www.tinylytics.example/"})
            raise refused(401, "Invalid API key")
        seconds = self._limit.seconds_to_wait(key, self._now())
        if seconds and Quirk.BARE_429 in self._quirks:
            raise Refusal(429, "Retry later\n", {"Content-Type": "text/plain; charset=utf-8"})
        if seconds:
            raise Refusal(429, {"error": "Rate limit exceeded"}, {"Retry-After": str(seconds)})


_HANDLERS: dict[str, Handler] = {
    handler.__name__: handler
    for handler in (
        *(sites.discovery, sites.openapi, sites.me, sites.sites, sites.site),
        *(traffic.hits, traffic.kudos, traffic.leaderboard, traffic.user_journeys),
        *(monitoring.insights, monitoring.uptime, monitoring.content),
        *(writes.create_hit, writes.create_hits, writes.create_kudo, writes.delete_kudo),
    )
}
"""By the name that the document gives to the operation."""


def _raw_path(request: Request) -> str:
    """Return the path as it was sent: a `%2F` inside a segment is not a separator."""
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return raw.partition(b"?")[0].decode("latin-1")
