"""The README says what the program does, in the program's own words."""

import json
import re
from pathlib import Path

import pytest
from support.readme import DATED, PARTS, README, part_of
from tinylytics_mcp import settings

TEXT = README.read_text("utf-8")
ROOT = README.parent


@pytest.mark.parametrize("name", PARTS)
def test_a_made_part_is_as_the_program_makes_it(name: str) -> None:
    assert part_of(TEXT, name) == PARTS[name](), "run: uv run python tests/support/readme.py"


@pytest.mark.parametrize("name", DATED)
def test_a_dated_part_is_there(name: str) -> None:
    assert part_of(TEXT, name).count("\n") > 5


def test_every_setting_is_documented_and_none_that_is_not_read() -> None:
    sources = [path.read_text("utf-8") for path in Path(settings.__file__).parent.rglob("*.py")]
    read = {name for source in sources for name in re.findall(r"\bTINYLYTICS_[A-Z_]+\b", source)}
    assert set(re.findall(r"\bTINYLYTICS_[A-Z_]+\b", TEXT)) == read


@pytest.mark.parametrize("link", re.findall(r"\]\(((?!http)[^)#]+)\)", TEXT))
def test_a_link_within_the_repository_leads_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_the_example_for_hosts_names_commands_that_exist() -> None:
    servers = json.loads((ROOT / "mcp.json.example").read_text("utf-8"))["mcpServers"]
    keys = [server.get("env", {}).get("TINYLYTICS_API_KEY") for server in servers.values()]
    assert keys == ["tly-ro-EDIT-ME", "tly-fa-EDIT-ME", None]
    for server in servers.values():
        assert server["command"] == "uv"
        assert server["args"][:4] == ["run", "--directory", "/EDIT-ME/tinylytics-mcp", "tinylytics-mcp"]
        assert server["args"][4:] in (["serve"], ["serve", "--demo"])
