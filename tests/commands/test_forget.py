"""What is stored of a key is removed when asked, all of it and nothing of another key."""

import re
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx
import pytest
from support.client import BASE_URL
from support.commands import Run
from support.processes import NOBODY_LISTENS, Finished, environment
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY as MINE
from tinylytics_mcp.fake_api import READ_ONLY_KEY as OTHER
from tinylytics_mcp.fake_api import FakeApi


@dataclass(frozen=True)
class Used:
    """Two keys that asked the same and wrote."""

    run: Run
    env: dict[str, str]

    def __call__(self, key: str, *arguments: str) -> Finished:
        """Run a command with a key."""
        return self.run(*arguments, env={**self.env, "TINYLYTICS_API_KEY": key})

    def cost(self, key: str) -> str:
        """What a call says it took."""
        return self(key, "call", "list_sites").out.rstrip().rpartition("\n")[2]


@pytest.fixture(params=["sqlite", "redis"])
def used(request: pytest.FixtureRequest, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Used:
    """Both stores."""
    network = httpx.ASGITransport(app=FakeApi())

    def made_up(_: str) -> httpx.AsyncBaseTransport:
        return network

    monkeypatch.setattr("tinylytics_mcp.backend.Network", made_up)
    env = environment(tmp_path, TINYLYTICS_BASE_URL=BASE_URL)
    if request.param == "redis":
        env["TINYLYTICS_REDIS_URL"] = f"redis://127.0.0.1:{request.getfixturevalue('redis_port')}/9"
    used = Used(run, env)
    for key in (MINE, OTHER):
        used(key, "forget", "all", "--yes")  # what another test left in Redis
        assert used.cost(key) == "requests: 1 used, 899 left this hour"
    assert used(MINE, "call", "create_kudo", "site=456", "path=/secret-page", "custom_uid=mine").status == 0
    return used


def test_all_of_a_key_goes_and_nothing_of_another(used: Used, tmp_path: Path) -> None:
    assert "\t/secret-page\t" in used(MINE, "writes").out
    done = used(MINE, "forget", "all", "--yes")
    assert (done.status, done.err) == (0, "")
    answers, requests, writes = done.out.splitlines()
    assert re.fullmatch(r"[1-9] stored answers? removed", answers)  # Redis still has those that a write made stale
    assert requests.endswith("counted requests removed; Tinylytics goes on counting them")
    assert int(requests.split()[0]) >= 2
    assert writes == f"1 recorded write removed, of those to {BASE_URL}"
    assert used(MINE, "writes").err.endswith("nothing was written from here in the last 90 days.\n")
    assert not [file for file in (tmp_path / "state").glob("*") if b"secret-page" in file.read_bytes()]
    assert "stored answers, the oldest" in used.cost(OTHER)
    assert used.cost(MINE) == "requests: 1 used, 899 left this hour"
    assert used(MINE, "forget", "all", "--yes").out.splitlines()[2].startswith("0 recorded writes removed")


def test_stored_answers_and_counts_go_apart(used: Used) -> None:
    assert re.fullmatch(r"[1-9] stored answers? removed\n", used(MINE, "forget", "replies").out)
    after = used.cost(MINE)
    assert after.startswith("requests: 1 used, ")
    assert "899 left" not in after
    assert "stored" in used.cost(MINE)
    assert used(MINE, "forget", "counts").out.endswith("removed; Tinylytics goes on counting them\n")
    assert used.cost(MINE).startswith("requests: 0 used, 900 left this hour; stored answers")
    assert "/secret-page" in used(MINE, "writes").out


def test_the_record_of_writes_goes_only_when_that_was_agreed_to(run: Run, tmp_path: Path) -> None:
    env = environment(tmp_path, TINYLYTICS_API_KEY=MINE, TINYLYTICS_BASE_URL=NOBODY_LISTENS)
    refused = run("forget", "all", env=env)
    assert (refused.status, refused.out) == (2, "")
    assert "--yes" in refused.err
    declined = run("forget", "all", env=env, typed="n\n")
    assert declined.status == 1
    assert "Go on? [y/N] " in declined.err
    assert "nothing was removed." in declined.err
    agreed = run("forget", "all", env=env, typed="y\n")
    assert agreed.status == 0
    assert "0 recorded writes removed" in agreed.out


def test_what_cannot_be_removed_is_told(run: Run, tmp_path: Path) -> None:
    env = environment(tmp_path, TINYLYTICS_API_KEY="")
    keyless = run("forget", "all", "--yes", env=env)
    assert keyless.status == 2
    assert f"delete the folder '{tmp_path / 'state'}'" in keyless.err
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "state.sqlite3").write_bytes(b"no database" * 99)
    broken = run("forget", "replies", env=env | {"TINYLYTICS_API_KEY": MINE})
    assert (broken.status, broken.out) == (1, "")
    assert "not all could be removed" in broken.err
    assert run("forget", "everything", env=env).status == 2
