"""The page as the server hands it out: where it is named, what is in it, and that nothing in it leads elsewhere."""

import json
import re
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.types import TextResourceContents
from support.client import MODES, NOW, Mode, connect
from tinylytics_mcp.dashboard.page import CHARTED, URI, embedded, page, shortened
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_tools.catalogue import ALL_TOOLS

LARGEST = 60_000


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


def test_the_page_leaves_its_policy_to_the_host() -> None:
    assert "Content-Security-Policy" not in page()
    assert page().count("<script>") == 1


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
