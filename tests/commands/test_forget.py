"""What is stored of a key is removed when asked, all of it and nothing of another key."""

import re
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from support.processes import NOBODY_LISTENS, address_told, environment, finished, in_terminal, running
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY, READ_ONLY_KEY

Settings = Callable[[str], dict[str, str]]


@pytest.fixture(params=["sqlite", "redis"])
def used(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Settings]:
    """Two keys that asked the same and wrote; returns the environment of a command with a key."""
    env = environment(tmp_path)
    if request.param == "redis":
        env["TINYLYTICS_REDIS_URL"] = f"redis://127.0.0.1:{request.getfixturevalue('redis_port')}/9"
    with running("fake-api", "--port", "0", env=env) as service:
        env["TINYLYTICS_BASE_URL"] = f"{address_told(service)}/api/v1"

        def settings(key: str) -> dict[str, str]:
            return {**env, "TINYLYTICS_API_KEY": key}

        for key in (FULL_ACCESS_KEY, READ_ONLY_KEY):
            finished("forget", "all", "--yes", env=settings(key))  # what another test left in Redis
            assert finished("call", "list_sites", env=settings(key)).out.endswith(
                "requests: 1 used, 899 left this hour\n"
            )
        kudo = ("call", "create_kudo", "site=456", "path=/secret-page", "custom_uid=mine")
        assert finished(*kudo, env=settings(FULL_ACCESS_KEY)).status == 0
        yield settings


def _cost(env: dict[str, str]) -> str:
    return finished("call", "list_sites", env=env).out.rstrip().rpartition("\n")[2]


def test_all_of_a_key_goes_and_nothing_of_another(used: Settings, tmp_path: Path) -> None:
    mine, other = used(FULL_ACCESS_KEY), used(READ_ONLY_KEY)
    assert "\t/secret-page\t" in finished("writes", env=mine).out
    done = finished("forget", "all", "--yes", env=mine)
    assert (done.status, done.err) == (0, "")
    answers, requests, writes = done.out.splitlines()
    assert re.fullmatch(r"[1-9] stored answers? removed", answers)  # Redis still has those that a write made stale
    assert requests.endswith("counted requests removed; Tinylytics goes on counting them")
    assert int(requests.split()[0]) >= 2
    assert writes == f"1 recorded write removed, of those to {mine['TINYLYTICS_BASE_URL']}"
    assert finished("writes", env=mine).err.endswith("nothing was written from here in the last 90 days.\n")
    assert not [file for file in (tmp_path / "state").glob("*") if b"secret-page" in file.read_bytes()]
    assert "stored answers, the oldest" in _cost(other)
    assert _cost(mine) == "requests: 1 used, 899 left this hour"
    assert finished("forget", "all", "--yes", env=mine).out.splitlines()[2].startswith("0 recorded writes removed")


def test_stored_answers_and_counts_go_apart(used: Settings) -> None:
    mine = used(FULL_ACCESS_KEY)
    assert re.fullmatch(r"[1-9] stored answers? removed\n", finished("forget", "replies", env=mine).out)
    after = _cost(mine)
    assert after.startswith("requests: 1 used, ")
    assert "899 left" not in after
    assert "stored" in _cost(mine)
    assert finished("forget", "counts", env=mine).out.endswith("removed; Tinylytics goes on counting them\n")
    assert _cost(mine).startswith("requests: 0 used, 900 left this hour; stored answers")
    assert "/secret-page" in finished("writes", env=mine).out


def test_the_record_of_writes_goes_only_when_that_was_agreed_to(tmp_path: Path) -> None:
    env = environment(tmp_path, TINYLYTICS_API_KEY=FULL_ACCESS_KEY, TINYLYTICS_BASE_URL=NOBODY_LISTENS)
    refused = finished("forget", "all", env=env)
    assert (refused.status, refused.out) == (2, "")
    assert "--yes" in refused.err
    declined = in_terminal("forget", "all", env=env, typed="n\n")
    assert declined.status == 1
    assert "nothing was removed." in declined.out
    agreed = in_terminal("forget", "all", env=env, typed="y\n")
    assert agreed.status == 0
    assert "0 recorded writes removed" in agreed.out


def test_what_cannot_be_removed_is_told(tmp_path: Path) -> None:
    env = environment(tmp_path, TINYLYTICS_API_KEY="")
    keyless = finished("forget", "all", "--yes", env=env)
    assert keyless.status == 2
    assert f"delete the folder '{tmp_path / 'state'}'" in keyless.err
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "state.sqlite3").write_bytes(b"no database" * 99)
    broken = finished("forget", "replies", env=env | {"TINYLYTICS_API_KEY": FULL_ACCESS_KEY})
    assert (broken.status, broken.out) == (1, "")
    assert "not all could be removed" in broken.err
    assert finished("forget", "everything", env=env).status == 2
