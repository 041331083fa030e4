"""What is published says what the program is, names nobody else's package, and holds no key."""

import json
import re
import zipfile
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import artefacts
import pytest
from artefacts import ROOT, Facts, read_facts
from tinylytics_tools.catalogue import ALL_TOOLS

FACTS = replace(read_facts(), owner="somebody")
PUBLISHED = replace(FACTS, on_pypi=True)
CHANGELOG = f"# Changelog\n\n## {FACTS.version} (2026-12-01)\n"
SKILL = (ROOT / "release" / "SKILL.md").read_text("utf-8")


def commands(facts: Facts) -> list[list[str]]:
    """Every command that something published runs."""
    _, config = artefacts.links(facts)["Cursor"].split("config=")
    cursor = json.loads(b64decode(unquote(config)))
    vscode = json.loads(unquote(artefacts.links(facts)["VS Code"].partition("?")[2]))
    plugin = artefacts.plugin(facts)["plugins/tinylytics/.mcp.json"]["mcpServers"]["tinylytics"]
    return [[each["command"], *each["args"]] for each in (cursor, vscode, plugin)]


def test_no_release_is_made_for_a_placeholder_or_without_a_date() -> None:
    nobody = artefacts.problems(replace(FACTS, owner="OWNER"), "## 0.1.0 (unreleased)")
    assert [problem.partition(" ")[0] for problem in nobody] == ["the", "CHANGELOG.md"]
    assert artefacts.problems(FACTS, CHANGELOG) == []
    assert artefacts.problems(replace(FACTS, description="x" * 101), CHANGELOG) != []


def test_until_the_package_index_has_it_nothing_names_the_package_there() -> None:
    source = f"git+https://github.com/somebody/tinylytics-mcp@v{FACTS.version}"
    for words in commands(FACTS):
        assert words == ["uvx", "--from", source, "tinylytics-mcp", "serve"]
    assert "pypi" not in json.dumps(artefacts.server_json(FACTS, "0"))


def test_one_switch_turns_all_to_the_published_form() -> None:
    for words in commands(PUBLISHED):
        assert words == ["uvx", f"tinylytics-mcp=={FACTS.version}", "serve"]
    packages = artefacts.server_json(PUBLISHED, "0")["packages"]
    assert [package["registryType"] for package in packages] == ["mcpb", "pypi"]


@pytest.mark.parametrize("facts", [FACTS, PUBLISHED])
def test_the_links_ask_for_the_key_and_hold_none(facts: Facts) -> None:
    links = artefacts.links(facts)
    cursor = urlsplit(links["Cursor"])
    assert (cursor.scheme, cursor.netloc, cursor.path) == ("cursor", "anysphere.cursor-deeplink", "/mcp/install")
    fields = parse_qs(cursor.query)
    assert fields["name"] == ["tinylytics"]
    assert json.loads(b64decode(fields["config"][0]))["env"] == {"TINYLYTICS_API_KEY": "tly-ro-your-key"}
    vscode = json.loads(unquote(links["VS Code"].removeprefix("vscode:mcp/install?")))
    assert vscode["inputs"][0]["password"] is True
    assert vscode["env"]["TINYLYTICS_API_KEY"] == f"${{input:{vscode['inputs'][0]['id']}}}"
    assert not any(re.search(r"\s", link) for link in links.values())
    pages: list[str] = re.findall(r"\((\S+)\)", artefacts.one_click(facts))
    assert parse_qs(urlsplit(pages[0]).query)["url"] == [links["VS Code"]]
    assert urlsplit(pages[1])[:3] == ("https", "cursor.com", "/install-mcp")
    assert urlsplit(pages[1]).query == cursor.query


def test_the_bundle_reads_only_unless_that_is_chosen_and_the_host_keeps_the_key() -> None:
    manifest = artefacts.bundle_manifest(FACTS)
    config: Any = manifest["user_config"]
    assert (config["api_key"]["sensitive"], config["api_key"]["required"]) == (True, True)
    assert config["read_only"]["default"] is True
    assert [tool["name"] for tool in manifest["tools"]] == [tool.name for tool in ALL_TOOLS]


def test_the_same_source_gives_the_same_bundle_without_anything_that_is_made(tmp_path: Path) -> None:
    first, second = (artefacts.write(FACTS, tmp_path / name)[0].read_bytes() for name in ("a", "b"))
    assert first == second
    with zipfile.ZipFile(tmp_path / "a" / FACTS.bundle) as packed:
        names = packed.namelist()
    assert {"manifest.json", "pyproject.toml", "server/tinylytics_mcp/cli.py", "tools/tinylytics_tools/tool.py"} <= set(
        names
    )
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]


def test_the_readme_names_the_server_as_the_registry_does() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert re.findall(r"mcp-name: (\S+)", readme) == [read_facts().registry_name]


def test_the_owner_stands_in_one_place() -> None:
    texts = {path: path.read_text("utf-8") for path in ROOT.glob("*.*") if path.suffix in (".md", ".toml", ".yaml")}
    holders = {path.name for path, text in texts.items() if artefacts.PLACEHOLDER in text.split() or "/OWNER/" in text}
    assert holders <= {"pyproject.toml"}


def test_the_skill_names_tools_that_exist() -> None:
    named = set(re.findall(r"`((?:get|list|rank|explain|check|create|delete|summarize)_\w+)`", SKILL))
    assert len(named) > 8
    assert named <= {tool.name for tool in ALL_TOOLS}
