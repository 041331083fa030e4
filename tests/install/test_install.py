"""`install` and `uninstall` change this server's entry in a host's own file, and nothing else anywhere."""

import json
import os
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from support.commands import Typed
from tinylytics_mcp import cli, json_edit
from tinylytics_mcp.hosts import HOSTS, System

RECORDED = Path(__file__).parent / "configurations"
KEY = "tly-ro-0123456789abcdef"
edited = pytest.mark.parametrize("name", cli.EDITED)
platforms = pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder; nothing of the one who runs the tests is seen or touched."""
    for name in [name for name in os.environ if name.startswith(("TINYLYTICS_", "XDG_", "CLAUDE_", "CODEX_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("APPDATA", str(tmp_path / "AppData" / "Roaming"))
    monkeypatch.setattr("tinylytics_mcp.commands.install.is_temporary", lambda: False)
    return tmp_path


def on(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program take this computer for another."""

    def system(environment: dict[str, str]) -> System:
        return System(platform, Path.home(), environment)

    monkeypatch.setattr("tinylytics_mcp.commands.install.this_system", system)


def recorded(name: str, platform: str = sys.platform) -> tuple[Path, bytes]:
    """Lay a recorded file where the host has its own; return it, and what it holds."""
    file = HOSTS[name].file(System(platform, Path.home(), os.environ))
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(RECORDED / f"{name}.json", file)
    return file, file.read_bytes()


def entry_in(file: Path, name: str) -> Any:
    """Return this server's entry."""
    return json_edit.read(file.read_text("utf-8"))[HOSTS[name].section]["tinylytics"]


@edited
@platforms
def test_all_other_bytes_stay_and_uninstall_brings_the_file_back(
    name: str, platform: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    on(platform, monkeypatch)
    monkeypatch.setenv("TINYLYTICS_API_KEY", KEY)
    file, before = recorded(name, platform)
    others = json_edit.read(before.decode())
    assert cli.main(["install", name]) == 0
    after = json_edit.read(file.read_text("utf-8"))
    after[HOSTS[name].section].pop("tinylytics")
    if name == "vscode":
        assert after["inputs"].pop()["password"] is True
    assert after == others
    copy = file.with_name(f"{file.name}.before-tinylytics")
    assert copy.read_bytes() == before
    first = file.read_bytes()
    assert cli.main(["install", name]) == 0
    assert file.read_bytes() == first, "a second time changes something"
    assert cli.main(["uninstall", name]) == 0
    assert file.read_bytes() == before
    assert copy.read_bytes() == first
    printed = capsys.readouterr()
    assert KEY not in printed.out + printed.err
    assert "ghp-of-mine" not in printed.out + printed.err
    assert printed.out.count("nothing to change") == 1


@edited
def test_the_key_is_in_a_file_of_its_own_that_others_may_not_read_or_with_the_host(
    name: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYLYTICS_API_KEY", KEY)
    assert cli.main(["install", name]) == 0
    file = HOSTS[name].file(System(sys.platform, home, os.environ))
    holders = [path for path in home.rglob("*") if path.is_file() and KEY in path.read_text("utf-8")]
    env = entry_in(file, name)["env"]
    if name == "vscode":
        assert holders == []
        assert env == {"TINYLYTICS_API_KEY": "${input:tinylytics-key}"}
    else:
        (holder,) = holders
        assert env == {"TINYLYTICS_API_KEY_FILE": str(holder)}
        assert holder.stat().st_mode & 0o777 == 0o600
    assert file.stat().st_mode & 0o777 == 0o600


@edited
def test_the_entry_starts_the_server_from_anywhere(name: str, home: Path) -> None:
    assert cli.main(["install", name, "--demo"]) == 0
    entry = entry_in(HOSTS[name].file(System(sys.platform, home, os.environ)), name)
    assert Path(entry["command"]).is_absolute()
    assert Path(entry["command"]).exists()
    assert entry["args"][-2:] == ["serve", "--demo"]
    assert "env" not in entry


def test_a_key_file_that_is_set_is_named_and_settings_go_along(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = home / "my key"
    mine.write_text(KEY)
    mine.chmod(0o600)
    monkeypatch.setenv("TINYLYTICS_API_KEY_FILE", "~/my key")
    monkeypatch.setenv("TINYLYTICS_READ_ONLY", "1")
    monkeypatch.setenv("TINYLYTICS_REDIS_URL", "redis://:password@127.0.0.1/0")
    assert cli.main(["install", "cursor"]) == 0
    env = entry_in(home / ".cursor" / "mcp.json", "cursor")["env"]
    assert env == {"TINYLYTICS_API_KEY_FILE": str(mine), "TINYLYTICS_READ_ONLY": "1"}
    assert not (home / ".config").exists()


def test_without_a_key_nothing_is_changed(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["install", "cursor"]) == 2
    assert "set TINYLYTICS_API_KEY" in capsys.readouterr().err
    assert list(home.iterdir()) == []


def test_no_key_typed_is_told_and_changes_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ended(_: str) -> str:
        raise EOFError

    monkeypatch.setattr("getpass.getpass", ended)
    monkeypatch.setattr(sys, "stdin", Typed())
    assert cli.main(["install", "cursor"]) == 1
    assert capsys.readouterr().err == "tinylytics-mcp: no key was typed.\n"
    assert list(home.iterdir()) == []


def test_a_full_disk_changes_nothing_and_nothing_is_said_to_be_made(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, before = recorded("cursor")
    copy = file.with_name("mcp.json.before-tinylytics")
    copy.write_text("the copy of an earlier time")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdopen", full)
    for host in ("cursor", "claude-code"):
        assert cli.main(["install", host, "--demo"]) == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        assert "No space left" in printed.err
    assert file.read_bytes() == before
    assert copy.read_text() == "the copy of an earlier time"
    assert {path.name for path in home.rglob("*") if path.is_file()} == {file.name, copy.name}


def test_an_address_is_entered_without_a_key(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["install", "claude-code", "--url", "https://mcp.example.com/mcp"]) == 0
    assert entry_in(home / ".claude.json", "claude-code") == {"type": "http", "url": "https://mcp.example.com/mcp"}
    assert cli.main(["install", "claude-desktop", "--url", "https://mcp.example.com/mcp"]) == 2
    assert "Settings, Connectors" in capsys.readouterr().err
    assert cli.main(["install", "cursor", "--url", "http://mcp.example.com/mcp"]) == 2
    assert not (home / ".cursor").exists()


@pytest.mark.parametrize("content", [b'{"mcpServers": [', b'{"mcpServers": []}', b"\xff\xfe{\x00"])
def test_a_file_that_cannot_be_understood_stays(content: bytes, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = home / ".cursor" / "mcp.json"
    file.parent.mkdir()
    file.write_bytes(content)
    assert cli.main(["install", "cursor", "--demo"]) == 1
    err = capsys.readouterr().err
    assert "left as it is" in err
    assert "codec" not in err
    assert file.read_bytes() == content
    assert [path.name for path in file.parent.iterdir()] == ["mcp.json"]


def test_a_host_that_may_not_be_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["install", "cursor", "--demo"]) == 0
    assert "is Cursor installed?" in capsys.readouterr().out
    assert cli.main(["install", "claude-code", "--demo"]) == 0
    assert "installed?" not in capsys.readouterr().out


def test_a_link_is_followed_and_the_mode_is_kept(home: Path) -> None:
    real = home / "dotfiles.json"
    real.write_text("{}")
    real.chmod(0o640)
    (home / ".claude.json").symlink_to(real)
    assert cli.main(["install", "claude-code", "--demo"]) == 0
    assert (home / ".claude.json").is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert entry_in(real, "claude-code")["type"] == "stdio"


def test_a_link_that_leads_nowhere_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / ".claude.json").symlink_to(home / ".claude.json")
    for command in ("install", "uninstall"):
        assert cli.main([command, "claude-code", *(["--demo"] if command == "install" else [])]) == 1
        assert capsys.readouterr().err.endswith(".claude.json cannot be changed: a link to itself.\n")


def test_a_copy_in_a_cache_is_not_entered(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tinylytics_mcp.commands.install.is_temporary", lambda: True)
    assert cli.main(["install", "cursor", "--demo"]) == 1
    assert "can vanish" in capsys.readouterr().err
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("name", HOSTS)
def test_an_entry_is_printed_in_the_form_of_its_host_and_nothing_is_written(
    name: str, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TINYLYTICS_API_KEY", KEY)
    assert cli.main(["install", "--print", name]) == 0
    printed = capsys.readouterr()
    assert KEY not in printed.out + printed.err
    if name == "codex":
        entry = tomllib.loads(printed.out)["mcp_servers"]["tinylytics"]
    else:
        entry = json.loads(printed.out)[HOSTS[name].section]["tinylytics"]
    assert Path(entry["command"]).is_absolute()
    assert entry["args"][-1] == "serve"
    assert list(entry["env"]) == ["TINYLYTICS_API_KEY" if name == "vscode" else "TINYLYTICS_API_KEY_FILE"]
    assert list(home.iterdir()) == []


def test_the_command_line_knows_the_hosts() -> None:
    assert tuple(HOSTS) == cli.EDITED + cli.PRINTED
    assert tuple(host.name for host in HOSTS.values() if host.edits) == cli.EDITED


@pytest.mark.parametrize(
    ("name", "platform", "file"),
    [
        ("claude-desktop", "darwin", "Library/Application Support/Claude/claude_desktop_config.json"),
        ("claude-desktop", "win32", "AppData/Roaming/Claude/claude_desktop_config.json"),
        ("claude-desktop", "linux", ".config/Claude/claude_desktop_config.json"),
        ("claude-code", "darwin", ".claude.json"),
        ("claude-code", "win32", ".claude.json"),
        ("cursor", "win32", ".cursor/mcp.json"),
        ("cursor", "linux", ".cursor/mcp.json"),
        ("vscode", "darwin", "Library/Application Support/Code/User/mcp.json"),
        ("vscode", "win32", "AppData/Roaming/Code/User/mcp.json"),
        ("vscode", "linux", ".config/Code/User/mcp.json"),
        ("zed", "darwin", ".config/zed/settings.json"),
        ("zed", "win32", "AppData/Roaming/Zed/settings.json"),
    ],
)
def test_the_file_of_a_host_is_where_its_maker_says(name: str, platform: str, file: str, home: Path) -> None:
    assert HOSTS[name].file(System(platform, home, {})) == home / file


def test_folders_that_the_user_moved_are_found(home: Path) -> None:
    environment = {"XDG_CONFIG_HOME": "/x", "CLAUDE_CONFIG_DIR": "/c", "CODEX_HOME": "/d", "APPDATA": "/a"}
    linux, windows = (System(platform, home, environment) for platform in ("linux", "win32"))
    assert HOSTS["vscode"].file(linux) == Path("/x/Code/User/mcp.json")
    assert HOSTS["claude-code"].file(linux) == Path("/c/.claude.json")
    assert HOSTS["codex"].file(linux) == Path("/d/config.toml")
    assert HOSTS["vscode"].file(windows) == Path("/a/Code/User/mcp.json")
    store = home / "AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming"
    store.mkdir(parents=True)
    assert HOSTS["claude-desktop"].file(windows) == store / "Claude" / "claude_desktop_config.json"
