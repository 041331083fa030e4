"""The file of tokens: private, whole at every moment, and without a token in it."""

import errno
import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from tinylytics_mcp import cli
from tinylytics_mcp.errors import UsageError
from tinylytics_mcp.http.settings import TOKENS_FILE
from tinylytics_mcp.http.tokens import add_token, read_tokens, revoke_token, watched
from tinylytics_tools.access import Access


@dataclass(frozen=True)
class Typed:
    """The command line, with a file of tokens in the settings."""

    file: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> tuple[int, str, str]:
        """The status, stdout and stderr of a command."""
        status = cli.main(["token", *words])
        said = self.capsys.readouterr()
        return status, said.out, said.err


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    file = tmp_path / "tokens.json"
    monkeypatch.setenv(TOKENS_FILE, str(file))
    return Typed(file, capsys)


def test_a_token_is_shown_once_and_only_its_hash_is_kept(tmp_path: Path, typed: Typed) -> None:
    key = tmp_path / "key"
    key.write_text("tly-ro-key")
    key.chmod(0o600)
    status, out, err = typed("add", "team", "--access", "full_access", "--key-file", str(key))
    secret = out.strip()
    assert (status, len(secret)) == (0, 47)
    assert secret not in err
    assert "the key may only read" in err
    assert secret not in typed.file.read_text()
    assert stat.S_IMODE(typed.file.stat().st_mode) == 0o600
    status, out, err = typed("list")
    assert out.split("\t")[:3] == ["team", "full_access", str(key)]
    assert secret not in out
    assert typed("revoke", "team")[0] == 0
    assert typed("list") == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "a b", "--access", "read_only"), "the name of a token is letters"),
        (("add", "x", "--access", "read_only", "--key-file", "/nowhere/key"), "--key-file names a file that cannot"),
        (("revoke", "x"), "there is no token 'x'"),
        (("list",), "cannot be read: No such file"),
    ],
)
def test_what_cannot_be_done_is_told(typed: Typed, arguments: tuple[str, ...], said: str) -> None:
    status, out, err = typed(*arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert list(typed.file.parent.iterdir()) == []


def test_without_a_file_in_the_settings_the_commands_say_which_setting_is_missing(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(TOKENS_FILE)
    assert f"set {TOKENS_FILE}" in typed("list")[2]


def test_those_who_add_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"

    def work(number: int) -> None:
        for turn in range(10):
            add_token(file, f"{number}-{turn}", Access.READ_ONLY, None)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert len(read_tokens(file)) == 40
    assert list(tmp_path.iterdir()) == [file]


def test_a_change_that_was_broken_off_is_told_and_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "tokens.json"
    monkeypatch.setattr("tinylytics_mcp.http.tokens.LOCK_TIMEOUT_S", 0.05)
    add_token(file, "one", Access.READ_ONLY, None)
    fresh = tmp_path / "tokens.json.new"
    fresh.touch()
    with pytest.raises(UsageError, match=r"delete .*tokens\.json\.new"):
        add_token(file, "two", Access.READ_ONLY, None)
    assert [token.name for token in read_tokens(file)] == ["one"]


def test_a_name_is_taken_once_and_a_failed_change_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    add_token(file, "one", Access.READ_ONLY, None)
    before = file.read_bytes()
    with pytest.raises(UsageError, match="there is a token one already"):
        add_token(file, "one", Access.FULL_ACCESS, None)
    with pytest.raises(UsageError, match="there is no token 'two'"):
        revoke_token(file, "two")
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_a_file_that_others_may_write_to_lets_in_nobody(tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    add_token(file, "one", Access.READ_ONLY, None)
    file.chmod(0o666)
    with pytest.raises(UsageError, match="chmod go-w"):
        read_tokens(file)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such owners")
def test_a_file_of_another_user_lets_in_nobody_and_one_of_the_administrator_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "tokens.json"
    add_token(file, "one", Access.READ_ONLY, None)
    owner = [os.geteuid()]
    real = Path.stat

    def stat_of(path: Path) -> os.stat_result:
        seen = list(real(path))
        seen[stat.ST_UID] = owner[0]
        return os.stat_result(seen)

    monkeypatch.setattr(Path, "stat", stat_of)
    for uid, is_let_in in ((os.geteuid(), True), (0, True), (4321, False)):
        owner[0] = uid
        if is_let_in:
            assert [token.name for token in read_tokens(file)] == ["one"]
        else:
            with pytest.raises(UsageError, match="belongs to another user"):
                read_tokens(file)


def test_a_full_disk_is_told_in_one_line_and_leaves_the_file_as_it_was(
    typed: Typed, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert typed("add", "one", "--access", "read_only")[0] == 0
    before = typed.file.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    for command in (("add", "two", "--access", "read_only"), ("revoke", "one")):
        status, out, err = typed(*command)
        assert (status, out) == (1, "")
        assert err == (
            f"tinylytics-mcp: the file of tokens {typed.file} cannot be written: No space left on device. It is as it "
            "was.\n"
        )
        assert typed.file.read_bytes() == before
        assert [path.name for path in typed.file.parent.iterdir()] == [typed.file.name]


def test_a_watched_file_is_read_again_only_when_it_changed(tmp_path: Path) -> None:
    file, read = tmp_path / "file", list[str]()

    def look(path: Path) -> str:
        read.append(path.read_text())
        return read[-1]

    file.write_text("one")
    assert [watched(file, look), watched(file, look)] == ["one", "one"]
    other = tmp_path / "other"
    other.write_text("two")
    other.replace(file)
    assert [watched(file, look), watched(file, look)] == ["two", "two"]
    assert read == ["one", "two"]
    file.unlink()
    with pytest.raises(FileNotFoundError):
        watched(file, look)
