"""What is published beside the package, each made from `pyproject.toml` and from the program itself."""

import hashlib
import json
import tomllib
import zipfile
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any
from urllib.parse import quote

from tinylytics_mcp.prompts import ALL_PROMPTS
from tinylytics_mcp.settings import API_KEY, READ_ONLY
from tinylytics_mcp.version import NAME, PROGRAM
from tinylytics_tools.catalogue import ALL_TOOLS

ROOT = Path(__file__).parent.parent
PLACEHOLDER = "OWNER"
SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
ABOUT_KEY = "From Tinylytics, Account Settings, API Access. A read-only key (tly-ro-…) answers every question."
BUNDLED = ("pyproject.toml", "README.md", "LICENSE", "server", "tools")
LARGEST_DESCRIPTION = 100
"""Characters that the MCP registry takes."""
_EPOCH = (2020, 1, 1, 0, 0, 0)

Json = dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """What `pyproject.toml` says; nothing else names the owner, the version or the description."""

    owner: str
    on_pypi: bool
    version: str
    description: str
    authors: str
    keywords: list[str]

    @property
    def repository(self) -> str:
        """Where the project is."""
        return f"https://github.com/{self.owner}/{PROGRAM}"

    @property
    def registry_name(self) -> str:
        """What the MCP registry calls it; the README that the package page shows must say the same."""
        return f"io.github.{self.owner}/{PROGRAM}"

    @property
    def start(self) -> list[str]:
        """The words that start the published program. Until the package index has it, its name there could be taken by
        anybody, and none of them uses it."""
        if self.on_pypi:
            return ["uvx", f"{PROGRAM}=={self.version}", "serve"]
        return ["uvx", "--from", f"git+{self.repository}@v{self.version}", PROGRAM, "serve"]

    @property
    def bundle(self) -> str:
        """The file name of Claude Desktop's bundle."""
        return f"{PROGRAM}-{self.version}.mcpb"


def read_facts(text: str | None = None) -> Facts:
    """Return the facts of this project, or of the text of another `pyproject.toml`."""
    read = tomllib.loads(text or (ROOT / "pyproject.toml").read_text("utf-8"))
    project, release = read["project"], read["tool"][PROGRAM]
    return Facts(
        owner=release["owner"],
        on_pypi=release["on-pypi"],
        version=project["version"],
        description=project["description"],
        authors=project["authors"][0]["name"],
        keywords=project["keywords"],
    )


def problems(facts: Facts, changelog: str) -> list[str]:
    """Return why no release can be made; none where it can."""
    found: list[str] = []
    if facts.owner == PLACEHOLDER:
        found.append(f"the owner is not named yet: replace {PLACEHOLDER} in pyproject.toml, [tool.{PROGRAM}]")
    if len(facts.description) > LARGEST_DESCRIPTION:
        found.append(f"the description has more than {LARGEST_DESCRIPTION} characters")
    if f"## {facts.version} (" not in changelog or f"## {facts.version} (unreleased)" in changelog:
        found.append(f"CHANGELOG.md has no date for {facts.version}")
    return found


def bundle_manifest(facts: Facts) -> Json:
    """Return the manifest of the bundle for Claude Desktop, which asks for the key and keeps it."""
    return {
        "manifest_version": "0.4",
        "name": PROGRAM,
        "display_name": "Tinylytics",
        "version": facts.version,
        "description": facts.description,
        "author": {"name": facts.authors, "url": f"https://github.com/{facts.owner}"},
        "repository": {"type": "git", "url": facts.repository},
        "homepage": facts.repository,
        "support": f"{facts.repository}/issues",
        "license": "MIT",
        "keywords": facts.keywords,
        "server": {
            "type": "uv",
            "entry_point": "server/tinylytics_mcp/__main__.py",
            "mcp_config": {
                "command": "uv",
                "args": ["run", "--no-dev", "--directory", "${__dirname}", PROGRAM, "serve"],
                "env": {API_KEY: "${user_config.api_key}", READ_ONLY: "${user_config.read_only}"},
            },
        },
        "tools": [{"name": tool.name, "description": _first_sentence(tool.description)} for tool in ALL_TOOLS],
        "prompts_generated": True,
        "compatibility": {"platforms": ["darwin", "win32", "linux"], "runtimes": {"python": ">=3.11"}},
        "user_config": {
            "api_key": {
                "type": "string",
                "title": "Tinylytics API key",
                "description": ABOUT_KEY,
                "sensitive": True,
                "required": True,
            },
            "read_only": {
                "type": "boolean",
                "title": "Only read",
                "description": "On: nothing on Tinylytics is changed, whatever the key may do.",
                "default": True,
            },
        },
    }


def server_json(facts: Facts, bundle_sha256: str) -> Json:
    """Return the entry of the MCP registry; it names the package index only once the package is there."""
    transport = {"type": "stdio"}
    variables = [
        {"name": API_KEY, "description": ABOUT_KEY, "isRequired": True, "isSecret": True},
        {"name": READ_ONLY, "description": "1 keeps a full-access key from writing.", "default": "1"},
    ]
    bundle = {
        "registryType": "mcpb",
        "identifier": f"{facts.repository}/releases/download/v{facts.version}/{facts.bundle}",
        "fileSha256": bundle_sha256,
        "transport": transport,
    }
    package = {
        "registryType": "pypi",
        "identifier": PROGRAM,
        "version": facts.version,
        "runtimeHint": "uvx",
        "transport": transport,
        "environmentVariables": variables,
    }
    return {
        "$schema": SCHEMA,
        "name": facts.registry_name,
        "title": "Tinylytics",
        "description": facts.description,
        "version": facts.version,
        "repository": {"url": facts.repository, "source": "github"},
        "packages": [bundle, *([package] if facts.on_pypi else [])],
    }


def plugin(facts: Facts) -> dict[str, Json]:
    """Return the JSON files of the Claude Code plugin and of the marketplace that has it."""
    command, *arguments = facts.start
    about = {"name": NAME, "description": facts.description, "version": facts.version}
    owner = {"name": facts.authors, "url": f"https://github.com/{facts.owner}"}
    read_only = "On: nothing on Tinylytics is changed, whatever the key may do."
    options = {
        "api_key": {"type": "string", "title": "Tinylytics API key", "description": ABOUT_KEY, "sensitive": True},
        "read_only": {"type": "boolean", "title": "Only read", "description": read_only, "default": True},
    }
    env = {API_KEY: "${user_config.api_key}", READ_ONLY: "${user_config.read_only}"}
    return {
        ".claude-plugin/marketplace.json": {
            "name": PROGRAM,
            "owner": owner,
            "metadata": {"description": facts.description, "version": facts.version},
            "plugins": [{**about, "source": f"./plugins/{NAME}"}],
        },
        f"plugins/{NAME}/.claude-plugin/plugin.json": {
            **about,
            "author": owner,
            "homepage": facts.repository,
            "repository": facts.repository,
            "license": "MIT",
            "keywords": facts.keywords,
            "userConfig": options,
            "network": {"hosts": ["tinylytics.app"]},
        },
        f"plugins/{NAME}/.mcp.json": {"mcpServers": {NAME: {"command": command, "args": arguments, "env": env}}},
    }


def links(facts: Facts) -> dict[str, str]:
    """Return the addresses that enter the server into an editor by one click; none of them holds a key."""
    command, *arguments = facts.start
    asked = {"id": f"{NAME}-key", "type": "promptString", "description": "Tinylytics API key", "password": True}
    vscode = {
        "name": NAME,
        "command": command,
        "args": arguments,
        "env": {API_KEY: f"${{input:{asked['id']}}}"},
        "inputs": [asked],
    }
    cursor = {"command": command, "args": arguments, "env": {API_KEY: "tly-ro-your-key"}}
    encoded = quote(b64encode(json.dumps(cursor).encode()).decode())
    return {
        "VS Code": f"vscode:mcp/install?{quote(json.dumps(vscode))}",
        "Cursor": f"cursor://anysphere.cursor-deeplink/mcp/install?name={NAME}&config={encoded}",
    }


def one_click(facts: Facts) -> str:
    """Return the same links by way of their makers' pages, since a page on the web shows no others."""
    through = {
        "VS Code": f"https://vscode.dev/redirect?url={quote(links(facts)['VS Code'], safe='')}",
        "Cursor": f"https://cursor.com/install-mcp?{links(facts)['Cursor'].partition('?')[2]}",
    }
    return " · ".join(f"[Install in {name}]({address})" for name, address in through.items())


def write(facts: Facts, folder: Path) -> list[Path]:
    """Write everything into a folder that is made anew, and return the files to publish."""
    rmtree(folder, ignore_errors=True)
    bundle = folder / "bundle"
    bundle.mkdir(parents=True)
    for name in BUNDLED:
        source = ROOT / name
        if source.is_dir():
            copytree(source, bundle / name, ignore=lambda _, names: [each for each in names if each == "__pycache__"])
        else:
            (bundle / name).write_bytes(source.read_bytes())
    _write_json(bundle / "manifest.json", bundle_manifest(facts))
    packed = folder / facts.bundle
    _zip(bundle, packed)
    registry = folder / "server.json"
    _write_json(registry, server_json(facts, hashlib.sha256(packed.read_bytes()).hexdigest()))
    marketplace = folder / "marketplace"
    for name, content in plugin(facts).items():
        _write_json(marketplace / name, content)
    own = marketplace / "plugins" / NAME
    skill = own / "skills" / "tinylytics-reports" / "SKILL.md"
    skill.parent.mkdir(parents=True)
    skill.write_bytes((ROOT / "release" / "SKILL.md").read_bytes())
    (own / "LICENSE").write_bytes((ROOT / "LICENSE").read_bytes())
    (own / "README.md").write_text(_plugin_readme(facts), "utf-8")
    return [packed, registry, marketplace]


def _plugin_readme(facts: Facts) -> str:
    commands = ", ".join(f"`/mcp__{NAME}__{prompt.name}`" for prompt in ALL_PROMPTS[:3])
    return (
        f"# Tinylytics for Claude Code\n\n    /plugin install {NAME} --marketplace {facts.owner}/{PROGRAM}\n\n"
        f"{facts.description} It starts the MCP server of {facts.repository} on this "
        "computer, asks for your Tinylytics API key and keeps it with the system's secrets, and brings a skill that "
        f"says how to report on traffic. Reports are commands too: {commands} and more. The server talks to "
        "tinylytics.app alone and changes nothing there unless you switch “Only read” off.\n"
    )


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".")


def _write_json(file: Path, content: Json) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _zip(folder: Path, file: Path) -> None:
    """Pack a folder; the same content gives the same bytes."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            info = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            packed.writestr(info, path.read_bytes())
