"""The hosts that start this server: where each keeps its configuration, and what an entry looks like there."""

import json
import os
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Any

from platformdirs import user_config_path

from tinylytics_mcp.settings import API_KEY, API_KEY_FILE, BASE_URL, READ_ONLY, SITE, STATE_DIR, TIME_ZONE
from tinylytics_mcp.version import NAME, PROGRAM

KEPT = (READ_ONLY, SITE, TIME_ZONE, BASE_URL, STATE_DIR)
"""The variables that an entry takes along where they are set; none of them is secret."""
KEY_INPUT = {"id": f"{NAME}-key", "type": "promptString", "description": "Tinylytics API key", "password": True}
"""What VS Code asks for once and keeps with the system's secrets."""


@dataclass(frozen=True)
class System:
    """The computer that a host runs on."""

    platform: str
    home: Path
    environment: Mapping[str, str]

    def app_data(self) -> Path:
        """Return the folder in which programs with a window keep their configuration."""
        match self.platform:
            case "darwin":
                return self.home / "Library" / "Application Support"
            case "win32":
                return Path(self.environment.get("APPDATA") or self.home / "AppData" / "Roaming")
            case _:
                return Path(self.environment.get("XDG_CONFIG_HOME") or self.home / ".config")


def this_system(environment: Mapping[str, str]) -> System:
    """Return the computer that this runs on."""
    return System(sys.platform, Path.home(), environment)


@dataclass(frozen=True)
class Host:
    """A program that starts MCP servers; `section` is the name under which its configuration lists them.

    `url_name`: what it calls the address of a remote server; None where the file takes none. `typed`: each entry says
    its transport. `asks`: it asks for the key and keeps it. `edits`: its file can be edited here.
    """

    name: str
    title: str
    section: str = "mcpServers"
    url_name: str | None = "url"
    typed: bool = False
    asks: bool = False
    edits: bool = True

    def file(self, system: System) -> Path:
        """Return the user's own configuration file, whether it is there or not."""
        home, app_data = system.home, system.app_data()
        match self.name:
            case "claude-desktop":
                # from Microsoft's store
                store = home / "AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming"
                is_stored = system.platform == "win32" and store.is_dir()
                return (store if is_stored else app_data) / "Claude" / "claude_desktop_config.json"
            case "claude-code":
                return Path(system.environment.get("CLAUDE_CONFIG_DIR") or home) / ".claude.json"
            case "vscode":
                return app_data / "Code" / "User" / "mcp.json"
            case "windsurf":
                return home / ".codeium" / "windsurf" / "mcp_config.json"
            case "zed":
                zed = "Zed" if system.platform == "win32" else "zed"
                return (home / ".config" if system.platform == "darwin" else app_data) / zed / "settings.json"
            case "gemini-cli":
                return home / ".gemini" / "settings.json"
            case "codex":
                return Path(system.environment.get("CODEX_HOME") or home / ".codex") / "config.toml"
            case _:
                return home / ".cursor" / "mcp.json"

    def entry(self, *, demo: bool, url: str | None, key_file: Path | None, environment: Mapping[str, str]) -> Any:
        """Return this server's entry: started with absolute paths, or at an address."""
        if url is not None:
            return {**({"type": "http"} if self.typed else {}), (self.url_name or "url"): url}
        command, *arguments = start_command()
        env = {name: environment[name].strip() for name in KEPT if environment.get(name, "").strip()}
        if self.asks:
            env[API_KEY] = f"${{input:{KEY_INPUT['id']}}}"
        elif key_file is not None:
            env[API_KEY_FILE] = str(key_file)
        return {
            **({"type": "stdio"} if self.typed else {}),
            "command": command,
            "args": [*arguments, "serve", *(["--demo"] if demo else [])],
            **({"env": env} if env and not demo else {}),
        }

    def document(self, entry: Any) -> str:
        """Return an entry as a file of this host has it, alone."""
        if self.name == "codex":
            env = {name: json.dumps(value) for name, value in entry.get("env", {}).items()}
            inline = ", ".join(f"{name} = {value}" for name, value in env.items())
            rows = [f"{name} = {json.dumps(value)}" for name, value in entry.items() if name != "env"]
            return "\n".join([f"[mcp_servers.{NAME}]", *rows, *([f"env = {{ {inline} }}"] if env else [])])
        asked = {"inputs": [KEY_INPUT]} if self.asks and "command" in entry and "env" in entry else {}
        return json.dumps({**asked, self.section: {NAME: entry}}, indent=2, ensure_ascii=False)


HOSTS = {
    host.name: host
    for host in (
        Host("claude-desktop", "Claude Desktop", url_name=None),
        Host("claude-code", "Claude Code", typed=True),
        Host("cursor", "Cursor"),
        Host("vscode", "VS Code", section="servers", typed=True, asks=True),
        Host("windsurf", "Windsurf", url_name="serverUrl", edits=False),
        Host("zed", "Zed", section="context_servers", edits=False),
        Host("gemini-cli", "Gemini CLI", url_name="httpUrl", edits=False),
        Host("codex", "Codex", edits=False),
        Host("other", "Others that read mcpServers", edits=False),
    )
}


def start_command() -> list[str]:
    """Return the words that start this program from anywhere, with absolute paths."""
    script = which(PROGRAM, path=sysconfig.get_path("scripts"))
    return [script] if script else [sys.executable, "-P", "-m", "tinylytics_mcp"]


def is_temporary() -> bool:
    """Return whether this copy of the program lies in a cache that can be emptied at any time, as uvx makes it."""
    parts = [part.lower() for part in Path(sys.prefix).parts]
    return any(part in ("cache", ".cache", "caches") or part.startswith("archive-v") for part in parts)


def key_file() -> Path:
    """Return the file in which `install` keeps the key."""
    return user_config_path(PROGRAM, appauthor=False) / "key"


def own_environment() -> dict[str, str]:
    """Return the environment of this process, with the file in which `install` keeps the key where none is set."""
    is_set = any(os.environ.get(name, "").strip() for name in (API_KEY, API_KEY_FILE))
    return {**os.environ, **({} if is_set or not key_file().is_file() else {API_KEY_FILE: str(key_file())})}
