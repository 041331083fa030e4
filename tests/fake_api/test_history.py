"""The made-up account: reproducible, as large as asked for, relative to today, and full of what it is meant to show."""

import time
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fake_api import NOW, ask, made
from support.properties import examples
from tinylytics_mcp.fake_api import FakeApi, app
from tinylytics_mcp.fake_api.account import fill

ROWS = "SELECT site_id, path, referrer, country, source, unique_hash, created_at FROM hits ORDER BY id"


def rows(fake_api: FakeApi) -> list[tuple[object, ...]]:
    return [tuple(row) for row in fake_api.connection.execute(ROWS)]


def number(fake_api: FakeApi, sql: str) -> int:
    return int(fake_api.connection.execute(sql).fetchone()[0])


@pytest.fixture(autouse=True)
def _made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests copy one that was made before."""
    monkeypatch.setattr(app, "fill", fill)


@pytest.fixture(scope="module")
def usual() -> FakeApi:
    """The account as the demo has it."""
    return FakeApi(now=lambda: NOW)


def test_the_same_seed_and_day_give_the_same_account() -> None:
    assert rows(made()) == rows(made())
    assert rows(made()) != rows(FakeApi(now=lambda: NOW, hits=1500, seed=8))


def test_only_the_clock_times_of_today_depend_on_the_hour() -> None:
    early, late = made(now=NOW.replace(hour=1)), made(now=NOW.replace(hour=23))
    midnight = int(NOW.replace(hour=0).timestamp())
    for table in ("hits", "kudos", "downtimes", "insights"):
        sql = f"SELECT * FROM {table} ORDER BY id"  # noqa: S608  (names of tables)
        kept = [
            [tuple(row) for row in fake_api.connection.execute(sql) if table != "hits" or row["created_at"] < midnight]
            for fake_api in (early, late)
        ]
        assert kept[0] == kept[1]
        assert kept[0]
    assert number(early, "SELECT COUNT(*) FROM hits") == number(late, "SELECT COUNT(*) FROM hits")


@examples(15)
@given(
    hits=st.integers(0, 2500),
    now=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  (bounds must be naive)
)
def test_the_main_site_has_exactly_the_hits_asked_for_and_none_to_come(hits: int, now: datetime) -> None:
    fake_api = made(hits=hits, now=now)
    assert number(fake_api, "SELECT COUNT(*) FROM hits WHERE site_id = 456") == hits
    assert number(fake_api, "SELECT COALESCE(MAX(created_at), 0) FROM hits") <= now.timestamp()
    assert number(fake_api, "SELECT COALESCE(MAX(created_at), 0) FROM kudos") <= now.timestamp()
    assert (
        number(fake_api, "SELECT COUNT(*) FROM hits h JOIN sites s ON s.id = site_id WHERE h.created_at < s.created_at")
        == 0
    )


def test_an_account_without_hits_is_empty() -> None:
    fake_api = made(hits=0)
    assert number(fake_api, "SELECT (SELECT COUNT(*) FROM hits) + (SELECT COUNT(*) FROM kudos)") == 0
    assert number(fake_api, "SELECT COUNT(*) FROM sites") == 3


def test_the_usual_account_is_that_of_the_questions(usual: FakeApi) -> None:
    month = f"FROM hits WHERE site_id = 456 AND created_at >= {int((NOW - timedelta(days=30)).timestamp())}"
    assert number(usual, "SELECT COUNT(*) FROM hits WHERE site_id = 456") == 12_000
    assert 2_500 < number(usual, f"SELECT COUNT(*) {month}") < 3_500
    assert 750 < number(usual, f"SELECT COUNT(DISTINCT visitor_hash) {month}") < 1_150
    assert 160 < number(usual, "SELECT COUNT(DISTINCT path) FROM hits WHERE site_id = 456") < 200
    assert 220 < number(usual, "SELECT COUNT(DISTINCT referrer) FROM hits WHERE site_id = 456") < 290
    assert number(usual, "SELECT COUNT(*) FROM kudos WHERE site_id = 456") == 87
    assert number(usual, "SELECT COUNT(*) FROM kudos WHERE path = '/hello' AND uid = 'test-kudo-1'") == 1
    assert number(usual, "SELECT MAX(created_at) FROM hits") >= NOW.replace(hour=0).timestamp()


def test_one_day_is_a_spike_from_one_referrer(usual: FakeApi) -> None:
    days = usual.connection.execute(
        "SELECT date(created_at, 'unixepoch') AS day, COUNT(*) AS hits,"
        " SUM(referrer = 'https://news.ycombinator.com/') AS spike"
        " FROM hits WHERE site_id = 456 GROUP BY day ORDER BY hits DESC LIMIT 3"
    ).fetchall()
    assert days[0]["day"] == (NOW - timedelta(days=20)).date().isoformat()
    assert days[0]["hits"] > 2 * days[1]["hits"]
    assert days[0]["spike"] > days[0]["hits"] / 5


@pytest.mark.parametrize(
    "condition",
    [
        "path LIKE '/ignore-previous%'",
        "path LIKE '%<script>%'",
        "path LIKE '%' || char(10) || '%'",
        "path LIKE '%' || char(8238) || '%'",
        "path LIKE '%' || char(8203) || '%'",
        "path LIKE '%' || char(917604) || '%'",
        "length(path) > 1000",
        "path LIKE '/博客/%'",
        "path LIKE '/[%](%)'",
        "referrer LIKE 'javascript:%'",
        "source LIKE '%\"%'",
        "browser_name LIKE '<img%'",
        "path = '/about/'",
        "path = '/feed.xml'",
        "referrer LIKE 'https://t.co/%'",
        "referrer LIKE 'https://pinterest.com/%'",
        "referrer LIKE 'https://chatgpt.com/%'",
        "referrer LIKE 'https://example.com/%'",
        "referrer IS NULL",
        "referrer = ''",
        "is_mobile IS NULL",
        "source = 'newsletter' AND url LIKE '%?ref=newsletter'",
        "country IS NULL",
    ],
)
def test_the_main_site_was_visited_by(usual: FakeApi, condition: str) -> None:
    assert number(usual, f"SELECT COUNT(*) FROM hits WHERE site_id = 456 AND {condition}") > 0  # noqa: S608  (the conditions above)


def test_a_visitor_stays_within_half_a_day() -> None:
    halves = (
        "SELECT COUNT(DISTINCT created_at / 43200) AS n FROM hits WHERE visitor_hash IS NOT NULL GROUP BY visitor_hash"
    )
    assert number(made(), f"SELECT MAX(n) FROM ({halves})") == 1  # noqa: S608  (the query above)


def test_constructing_is_free_and_the_usual_history_quick() -> None:
    started = time.perf_counter()
    services = [FakeApi(hits=1_000_000) for _ in range(5)]
    assert time.perf_counter() - started < 0.5
    assert len(services) == 5


def test_the_database_may_be_used_from_another_thread() -> None:
    fake_api = made()
    counted: list[int] = []
    thread = Thread(target=lambda: counted.append(number(fake_api, "SELECT COUNT(*) FROM hits WHERE site_id = 456")))
    thread.start()
    thread.join()
    assert counted == [1500]


def test_a_column_that_hits_do_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="no column pth"):
        made(hits=0).add_hits(456, [{"pth": "/x"}])


@pytest.mark.anyio
async def test_a_site_can_be_added() -> None:
    fake_api = made(hits=0)
    site_id = fake_api.add_site(label="Old", url="https://old.example.net", created_at=1_500_000_000)
    fake_api.add_hits(site_id, [{"path": "/x"}])
    site = (await ask(fake_api, f"/sites/{site_id}")).json()
    assert (site["created_at"], site["lifetime_hits"], site["label"]) == ("2017-07-14T02:40:00Z", 1, "Old")
