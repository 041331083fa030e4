"""What was written is listed with what came of it, and nothing personal."""

from pathlib import Path

from support.processes import address_told, environment, finished, running
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY
from tinylytics_tools.transport.database import Database


def test_writes_are_listed_newest_first_with_what_came_of_them(tmp_path: Path) -> None:
    with running("fake-api", "--port", "0", env=environment(tmp_path)) as service:
        base_url = f"{address_told(service)}/api/v1"
        env = environment(tmp_path, TINYLYTICS_BASE_URL=base_url, TINYLYTICS_API_KEY=FULL_ACCESS_KEY)
        assert finished("writes", env=env).err.endswith("nothing was written from here in the last 90 days.\n")
        kudo = ("call", "create_kudo", "site=456", "path=/a|b", "custom_uid=mine")
        hit = ("call", "create_hit", "site=456", "path=/hello", "visitor_id=alice")
        assert [finished(*call, env=env).status for call in (kudo, hit)] == [0, 0]
    listed = finished("writes", env=env)
    assert listed.status == 0
    rows = [line.split("\t") for line in listed.out.splitlines()]
    assert rows[0] == ["time", "outcome", "action", "site_id", "rows", "path", "uid"]
    assert [row[1:] for row in rows[1:]] == [
        ["done", "create_hit", "456", "1", "/hello", ""],
        ["done", "create_kudo", "456", "1", "/a%7Cb", "mine"],
    ]
    assert "alice" not in listed.out
    assert len(finished("writes", "--limit", "1", env=env).out.splitlines()) == 2


def test_a_limit_is_a_number_and_a_broken_record_is_told(tmp_path: Path) -> None:
    env = environment(tmp_path)
    assert finished("writes", "--limit", "0", env=env).status == 2
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "state.sqlite3").write_bytes(b"no database" * 99)
    broken = finished("writes", env=env)
    assert broken.status == 1
    assert "the record of writes cannot be read" in broken.err


def test_an_outcome_of_a_newer_version_is_listed_as_unknown(tmp_path: Path) -> None:
    file = Database(tmp_path / "state" / "state.sqlite3")
    with file.transaction() as rows:
        rows.execute(
            "INSERT INTO writes (owner, at, action, site_id, rows, outcome, result)"
            " VALUES ('', 1e9, 'create_hit', 1, 1, 'postponed', 'no json')"
        )
    file.close()
    listed = finished("writes", env=environment(tmp_path))
    assert (listed.status, listed.err) == (0, "")
    assert listed.out.splitlines()[1].split("\t")[:3] == ["2001-09-09T01:46:40Z", "unknown", "create_hit"]
