"""get_api_info condenses `GET /`, whose form nobody has written down."""

import json
from typing import Any

import httpx2 as httpx
import pytest
from support.client import BASE_URL, MODES, NOW, Mode, connect, rows_of, text_of
from support.replies import HOSTILE, HTML, answering, assert_safe, spoilt
from tinylytics_mcp.fake_api import FakeApi, Quirk
from tinylytics_mcp.fake_api.openapi import OPERATIONS

pytestmark = pytest.mark.anyio

JSON = {"content-type": "application/json; charset=utf-8"}


@pytest.mark.parametrize("mode", MODES)
async def test_the_endpoints_are_told_without_a_key_being_sent(mode: Mode) -> None:
    async with connect(FakeApi(now=lambda: NOW, hits=0, quirks=[Quirk.EXTRA_FIELDS]), mode=mode) as host:
        result = await host.call("get_api_info")
        (request,) = host.wire.requests
    answer = result.structured_content
    assert answer is not None
    assert str(request.url) == BASE_URL
    assert "authorization" not in request.headers
    assert len(answer["endpoints"]["rows"]) == len(OPERATIONS)
    assert ["DELETE", "/sites/:id/kudos/:kudo_uid", "Delete one kudo by UID"] in answer["endpoints"]["rows"]
    assert (answer["name"], answer["version"], answer["base_url"]) == ("Tinylytics API", "v1", BASE_URL)
    assert f"The API names {len(OPERATIONS)} endpoints, version “v1”." in text_of(result)
    assert_safe(result)


@pytest.mark.parametrize(
    ("reply", "rows"),
    [
        ({"endpoints": ["GET /me", "/sites"]}, [("GET", "/me"), ("unknown", "/sites")]),
        (
            {"endpoints": {"me": "/me", "hits": {"list": "GET /sites/{id}/hits"}}},
            [("unknown", "/me"), ("GET", "/sites/:id/hits")],
        ),
        ({"api": {"routes": [{"verb": "post", "route": "/x", "name": "Make"}]}}, [("POST", "/x")]),
        (["GET /me  who it is"], [("GET", "/me")]),
        ({"message": "Get started with the docs", "help": "Post a letter"}, []),
        ({}, []),
        ([], []),
        ("hello", []),
        (None, []),
        (7, []),
    ],
)
async def test_any_form_will_do(reply: Any, rows: list[tuple[str, str]]) -> None:
    async with connect(lambda _: httpx.Response(200, content=json.dumps(reply), headers=JSON)) as host:
        answer = await host.answer("get_api_info")
    assert [(row["method"], row["path"]) for row in rows_of(answer["endpoints"])] == rows
    assert "get_openapi" in answer["next_step"]


async def test_a_page_of_html_is_an_error_that_points_to_the_address() -> None:
    async with connect(lambda _: httpx.Response(200, html="<html></html>")) as host:
        said = await host.error("get_api_info")
    assert "TINYLYTICS_BASE_URL" in said


async def test_a_failing_service_is_an_error() -> None:
    async with connect(answering({"": httpx.Response(500)})) as host:
        assert "status 500" in await host.error("get_api_info")
    async with connect(answering({"": HTML})) as host:
        assert "TINYLYTICS_BASE_URL" in await host.error("get_api_info")


@pytest.mark.parametrize("text", HOSTILE)
async def test_no_text_of_the_service_breaks_out(text: str) -> None:
    reply = spoilt(
        {"name": "x", "version": "1", "endpoints": [{"method": "GET", "path": "/x", "name": "y"}] * 90}, text
    )
    async with connect(answering({"": {**reply, text: text}})) as host:
        result = await host.call("get_api_info")
    assert not result.is_error, text_of(result)
    assert_safe(result)


async def test_a_single_endpoint_is_one() -> None:
    async with connect(answering({"": {"endpoints": ["GET /me"], "version": "v1"}})) as host:
        assert (await host.answer("get_api_info"))["headline"] == "The API names 1 endpoint, version “v1”."
