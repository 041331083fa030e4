"""The page as the server hands it out: where it is named, what is in it, and that nothing in it leads elsewhere."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.types import TextResourceContents
from support.client import MODES, NOW, Mode, connect
from tinylytics_mcp.dashboard.extension import URI
from tinylytics_mcp.dashboard.page import CHARTED, embedded, page, shortened
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_tools.catalogue import ALL_TOOLS

LARGEST = 60_000
HOSTILE = ["</script><script>alert(1)</script>", "<!--<script>", "\u2028\u2029", "{{script}}", "]]>", "&lt;", "\\u003c"]


class _Scripts(HTMLParser):
    """Gathers a document's scripts as a browser would find them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._is_inside = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the base class's
        if tag == "script":
            self.found.append("")
        self._is_inside = tag == "script"

    def handle_endtag(self, tag: str) -> None:
        self._is_inside = self._is_inside and tag != "script"

    def handle_data(self, data: str) -> None:
        if self._is_inside:
            self.found[-1] += data


@pytest.mark.anyio
@pytest.mark.parametrize("mode", MODES)
async def test_the_charted_tools_and_no_others_name_a_page_that_can_be_read(mode: Mode) -> None:
    async with connect(FakeApi(now=lambda: NOW), mode=mode) as connected:
        tools = (await connected.client.list_tools()).tools
        listed = [one for one in (await connected.client.list_resources()).resources if str(one.uri) == URI]
        (content,) = (await connected.client.read_resource(URI)).contents
    meta = {"ui": {"resourceUri": URI}, "ui/resourceUri": URI}
    assert {tool.name: tool.meta for tool in tools if tool.meta} == dict.fromkeys(CHARTED, meta)
    assert isinstance(content, TextResourceContents)
    assert (content.mime_type, content.text) == ("text/html;profile=mcp-app", page())
    assert [(one.mime_type, one.meta) for one in listed] == [(content.mime_type, {"ui": {"prefersBorder": True}})]


def test_the_tools_of_the_catalogue_stay_without_the_page() -> None:
    assert [tool.name for tool in ALL_TOOLS if tool.meta] == []


def test_the_page_is_small() -> None:
    assert len(page().encode()) < LARGEST


def test_the_page_refers_to_nothing_outside_and_makes_no_markup_of_text() -> None:
    addresses = set(re.findall(r"[\w+.-]+://[^\s\"']+", page()))
    assert addresses == {"http://www.w3.org/2000/svg"}
    leading_out = (
        r"\b(src|href|srcset|action)\s*=|url\((?!#)|@import|\bimport\b|\bfetch\b|XMLHttpRequest|WebSocket|sendBeacon"
    )
    making_markup = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b|new Function|\son\w+\s*="
    )
    assert re.findall(f"{leading_out}|{making_markup}", page()) == []


def test_every_script_is_joined_in() -> None:
    folder = resources.files("tinylytics_mcp.dashboard").joinpath("page")
    scripts = [entry for entry in folder.iterdir() if entry.name.endswith(".js")]
    assert len(scripts) > 1
    assert [entry.name for entry in scripts if shortened(entry.read_text("utf-8")) not in page()] == []


def test_what_a_report_brings_along_is_data_whatever_it_holds() -> None:
    data = {"title": "a", "answers": HOSTILE}
    brought, script = _Scripts(page(data)).found
    assert json.loads(brought) == data
    assert _Scripts(page()).found == ["null", script]


def test_a_report_allows_itself_its_own_script_alone() -> None:
    html = page({"title": "a", "answers": []})
    _, script = _Scripts(html).found
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'" in html
    assert "Content-Security-Policy" not in page()


texts = st.text(max_size=100)


@given(
    st.recursive(
        texts, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5), max_leaves=5
    )
)
def test_embedded_json_is_the_same_value_in_harmless_characters(value: Any) -> None:
    text = embedded(value)
    assert json.loads(text) == value
    assert text.isascii()
    assert not set("<>&\n") & set(text)
