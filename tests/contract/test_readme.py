"""The README and docs say what the program does, in the program's own words."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from support.readme import DATED, DOCS, PARTS, README, ROOT, part_of, reference, undated
from tinylytics_mcp import settings
from tinylytics_tools.catalogue import ALL_TOOLS

TEXTS = {page: page.read_text("utf-8") for page in [*DOCS, ROOT / "SECURITY.md", ROOT / "CONTRIBUTING.md"]}
LINKS = [(page, link) for page, text in TEXTS.items() for link in re.findall(r"\]\(((?!http)[^)]+)\)", text)]
NAMES = r"\bTINYLYTICS_[A-Z_]+\b"


@pytest.mark.parametrize("name", PARTS)
def test_a_made_part_is_as_the_program_makes_it(name: str) -> None:
    assert part_of(name) == PARTS[name](), "run: uv run python tests/support/readme.py"


def test_what_every_tool_takes_is_as_the_program_takes_it() -> None:
    assert undated(part_of("reference")) == undated(reference()), "run: uv run python tests/support/readme.py"


def test_every_tool_has_an_example_answer() -> None:
    examples = re.findall(r"^### `(\w+)`$.*?^```\n(.*?)^```$", part_of("reference"), re.MULTILINE | re.DOTALL)
    assert [name for name, _ in examples] == [tool.name for tool in ALL_TOOLS]
    assert all(text.count("\n") >= 1 for _, text in examples)


@pytest.mark.parametrize("name", DATED)
def test_a_dated_part_is_there(name: str) -> None:
    assert part_of(name).count("\n") > 5


def test_the_readme_can_be_read_at_once() -> None:
    assert TEXTS[README].count("\n") <= 180


def test_every_setting_is_documented_and_none_that_is_not_read() -> None:
    sources = [path.read_text("utf-8") for path in Path(settings.__file__).parent.rglob("*.py")]
    read = {name for source in sources for name in re.findall(NAMES, source)}
    assert set(re.findall(NAMES, TEXTS[ROOT / "docs" / "settings.md"])) == read
    assert {name for text in TEXTS.values() for name in re.findall(NAMES, text)} <= read


def test_every_dependency_is_documented_with_what_it_is_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["redis"]]
    rows = [row for row in TEXTS[ROOT / "docs" / "architecture.md"].splitlines() if row.startswith("| `")]
    documented = {name for row in rows for name in re.findall(r"`([\w-]+)`", row.split("|")[1])}
    assert documented == {re.split("[<>=]", requirement)[0] for requirement in declared}


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize(("page", "link"), LINKS)
def test_a_link_within_the_repository_leads_somewhere(page: Path, link: str) -> None:
    name, _, anchor = link.partition("#")
    target = (page.parent / name).resolve() if name else page
    assert target.exists()
    if anchor:
        headings = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), re.MULTILINE)
        assert anchor in {slug(heading) for heading in headings}


def test_the_example_for_hosts_names_commands_that_exist() -> None:
    servers = json.loads((ROOT / "mcp.json.example").read_text("utf-8"))["mcpServers"]
    keys = [server.get("env", {}).get("TINYLYTICS_API_KEY") for server in servers.values()]
    assert keys == ["tly-ro-EDIT-ME", "tly-fa-EDIT-ME", None]
    for server in servers.values():
        assert server["command"] == "/EDIT-ME/tinylytics-mcp/.venv/bin/tinylytics-mcp"
        assert server["args"] in (["serve"], ["serve", "--demo"])
