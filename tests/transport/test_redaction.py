"""A service that repeats the key in its answers, however written, does not get it past the wire."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.client import connect, text_of
from support.properties import examples
from support.replies import SITE, answering
from tinylytics_tools.transport import open_store
from tinylytics_tools.transport.receive import receive

pytestmark = pytest.mark.anyio

KEY = "tly-fa-Ab3dE6gH9jK1mN4pQ7sT0vW"
ZERO_WIDTH = ("\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad", "\U000e0041", "\u202e", "\ufe0f", "\x00")

FORMS: dict[str, Callable[[str], str]] = {
    "as it is": json.dumps,
    "in capitals": lambda key: json.dumps(key.upper()),
    "all escaped": lambda key: '"' + "".join(f"\\u{ord(char):04x}" for char in key) + '"',
    "a dash escaped": lambda key: '"' + key.replace("-", "\\u002d", 1) + '"',
    "a dash escaped in capitals": lambda key: '"' + key.replace("-", "\\u002D") + '"',
    "percent-encoded": lambda key: '"' + "".join(f"%{ord(char):02X}" for char in key) + '"',
    "divided by all that is invisible": lambda key: json.dumps("".join(key[:9]) + "".join(ZERO_WIDTH) + key[9:]),
    "divided everywhere, raw": lambda key: json.dumps("\u200b".join(key), ensure_ascii=False),
    "divided everywhere, escaped": lambda key: json.dumps("\u2060".join(key)),
    "divided by what prose loses": lambda key: json.dumps(f"{key[:5]}<|`{key[5:9]}>\\{key[9:]}"),
    "divided by a line": lambda key: json.dumps(f"{key[:12]}\n{key[12:]}"),
    "divided by percent-encoded nothing": lambda key: json.dumps(f"{key[:12]}%E2%80%8B{key[12:]}"),
}


@pytest.mark.parametrize("form", FORMS)
async def test_neither_an_answer_nor_an_error_nor_the_store_has_it(form: str, tmp_path: Path) -> None:
    written = FORMS[form](KEY)
    site = json.dumps({"sites": [{**SITE, "label": "LABEL", "uid": "LABEL"}]}).replace('"LABEL"', written)
    replies = {
        "/sites": httpx.Response(200, content=site.encode(), headers={"content-type": "application/json"}),
        "/me": httpx.Response(400, content=f'{{"error": {written}}}'.encode()),
    }
    store = open_store(tmp_path / "state")
    async with connect(answering(replies), key=KEY, store=store) as host:
        results = [await host.call("list_sites"), await host.call("get_account")]
    store.close()
    for result in results:
        told = text_of(result) + json.dumps(result.structured_content, ensure_ascii=False)
        assert "the key" in told
        assert KEY.lower() not in _visible(told)
    assert KEY.lower().encode() not in _stored(tmp_path).lower()


@given(
    where=st.lists(st.integers(0, len(KEY) - 1), min_size=1, max_size=5),
    what=st.sampled_from(("escape", *ZERO_WIDTH)),
    around=st.text(max_size=5),
)
@examples(200)
async def test_it_is_found_wherever_it_is_escaped_or_divided(where: list[int], what: str, around: str) -> None:
    parts = [f"\\u{ord(char):04x}" if what == "escape" and at in where else char for at, char in enumerate(KEY)]
    divided = "".join(what + part if what != "escape" and at in where else part for at, part in enumerate(parts))
    body = f'{{"error": "{divided}", "around": {json.dumps(around)}}}'.encode("utf-8", "surrogatepass")
    network = httpx.MockTransport(lambda _: httpx.Response(200, content=body, headers={"x-echo": KEY}))
    request = httpx.Request("GET", "https://tinylytics.test/", headers={"authorization": f"Bearer {KEY}"})
    response = await receive(network, request)
    assert KEY.lower() not in _visible(json.loads(response.content, strict=False)["error"])
    assert "x-echo" not in response.headers


async def test_an_answer_without_it_passes_as_it_is() -> None:
    body = json.dumps({"path": "/blog/caf\u00e9%20tly-fa-", "label": "Ab3dE6gH9jK1mN4pQ7sT0vW"}).encode()
    original = httpx.Response(200, content=body)
    request = httpx.Request("GET", "https://tinylytics.test/", headers={"authorization": f"Bearer {KEY}"})
    passed = await receive(httpx.MockTransport(lambda _: original), request)
    assert (passed.status_code, passed.content) == (200, body)


def _stored(folder: Path) -> bytes:
    """All that the files of a folder hold."""
    return b"".join(file.read_bytes() for file in folder.iterdir())


def _visible(text: str) -> str:
    """What a reader sees of a text."""
    return "".join(char for char in text if "!" <= char <= "~").lower()
