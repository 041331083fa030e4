"""Fills the database with the made-up account: three sites, what happened on them, and how they are watched."""

from datetime import UTC, date, datetime, timedelta
from heapq import merge
from operator import itemgetter
from random import Random

from tinylytics_mcp.fake_api.history import CREATED_AT, DAY, Blog, made_up_hits
from tinylytics_mcp.fake_api.hostile import KUDO_UIDS, PATHS, hostile_hits
from tinylytics_mcp.fake_api.monitors import watch
from tinylytics_mcp.fake_api.prose import weekly_insights
from tinylytics_mcp.fake_api.store import Store
from tinylytics_mcp.fake_api.vocabulary import ALBUMS, NOTES, POSTS

MAIN, PHOTOS, YOUNG = 456, 457, 458
MAIN_URL, PHOTOS_URL, YOUNG_URL = "https://example.com", "https://photos.example.net", "https://young.example.org"
_AGES = {MAIN: 518, PHOTOS: 640, YOUNG: 21}
_IGNORED_PATHS = ("/wp-admin*", "/preview/*")
_KUDOS = 87
_HELLO_UIDS = ("test-kudo-1", "hello-kudo-2", "hello-kudo-3", "hello-kudo-4")


def fill(store: Store, *, seed: int, now: datetime, hits: int) -> None:
    """Make the account as of `now`, unless the database holds one already; `hits` are those of the main site."""
    if store.row("SELECT 1 FROM sites"):
        return
    moment = int(now.timestamp())
    _sites(store, moment)
    hostile = list(hostile_hits(MAIN, MAIN_URL, moment - moment % DAY))[: hits // 60]
    main = Blog(MAIN, MAIN_URL, hits - len(hostile), _AGES[MAIN], moment, spike_days_ago=20)
    photos = Blog(
        PHOTOS,
        PHOTOS_URL,
        min(150, hits // 80),
        _AGES[PHOTOS],
        moment,
        steady=(("/", 12.0), ("/albums", 5.0), ("/about", 2.0)),
        posts=ALBUMS,
        unique_tracking=False,
    )
    young = Blog(
        YOUNG, YOUNG_URL, min(150, hits // 80), _AGES[YOUNG], moment, steady=(("/", 9.0), ("/hello", 3.0)), posts=NOTES
    )
    store.insert_hits(merge(made_up_hits(main, seed), reversed(hostile), key=itemgetter(CREATED_AT)))
    for blog in (photos, young):
        store.insert_hits(made_up_hits(blog, seed))
    store.index()
    if hits:
        _kudos(store, seed, moment)
        _insights(store, now.astimezone(UTC).date())
    watch(store, moment, main=(MAIN, MAIN_URL), young=(YOUNG, YOUNG_URL))


def _sites(store: Store, moment: int) -> None:
    midnight = moment - moment % DAY
    for site_id, uid, url, label, public in (
        (MAIN, "abc123", MAIN_URL, "My Blog", 0),
        (PHOTOS, "def456", PHOTOS_URL, "Photos", 1),
        (YOUNG, "ghi789", YOUNG_URL, "Field Notes", 0),
    ):
        store.insert(
            "sites",
            {
                "id": site_id,
                "uid": uid,
                "url": url,
                "label": label,
                "active": 1,
                "public": public,
                "created_at": midnight - _AGES[site_id] * DAY,
                "updated_at": midnight - DAY // 2,
                "unique_tracking": int(site_id != PHOTOS),
                "insights_enabled": int(site_id != YOUNG),
            },
        )
        for pattern in _IGNORED_PATHS:
            store.insert("ignore_rules", {"site_id": site_id, "pattern": pattern})


def _kudos(store: Store, seed: int, moment: int) -> None:
    """The main site's 87, a few on `/hello` within the last 30 days; some with hostile uids; a few elsewhere."""
    rng = Random(f"{seed} kudos")  # noqa: S311  (made-up data, the same for the same seed)
    midnight = moment - moment % DAY
    rows = [(MAIN, uid, "/hello", midnight - (number * 5 + 1) * DAY + 30_000) for number, uid in enumerate(_HELLO_UIDS)]
    rows += [
        (MAIN, uid, PATHS[number], midnight - (number * 4 + 2) * DAY + 41_000) for number, uid in enumerate(KUDO_UIDS)
    ]
    while len(rows) < _KUDOS:
        path = rng.choice(("/", "/about", "/blog", *POSTS))
        age = int(_AGES[MAIN] * rng.random() ** 1.3)
        rows.append((MAIN, f"{rng.getrandbits(64):016x}", path, midnight - age * DAY - rng.randrange(DAY)))
    rows += [(PHOTOS, f"photo-kudo-{number}", "/", midnight - number * 50 * DAY - 900) for number in range(5)]
    rows += [(YOUNG, f"young-kudo-{number}", "/hello", midnight - number * 6 * DAY - 900) for number in range(2)]
    for site_id, uid, path, created_at in sorted(rows, key=lambda row: row[3]):
        store.insert("kudos", {"site_id": site_id, "uid": uid, "path": path, "created_at": created_at})


def _insights(store: Store, today: date) -> None:
    """Weekly reports of the main site; the photo site has too few hits for any (field notes 25).

    The newest is of two days ago: yesterday's is written at six in the morning, which may be to come.
    """
    for day, body in weekly_insights(store, MAIN, newest=today - timedelta(days=2)):
        store.insert("insights", {"site_id": MAIN, "insights_for_date": day.isoformat(), "body": body})
