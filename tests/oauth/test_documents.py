"""An app's own description is fetched from public addresses alone, small, at once, and without being led away."""

import gzip
import json
from collections.abc import AsyncIterator, Callable

import anyio
import httpx2 as httpx
import pytest
from support.oauth import oauth_serving
from tinylytics_mcp.http.oauth.documents import FRESH_S, LARGEST, LAST_GOOD_S, MOST_A_MINUTE, Documents

pytestmark = pytest.mark.anyio

ID = "https://app.example/client.json"
DOCUMENT = {"client_id": ID, "client_name": "An app", "redirect_uris": ["https://app.example/callback"]}
PUBLIC = "93.184.215.14"


class Clock:
    """A clock that stands still until it is set."""

    now = 1_000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def answer(document: object = DOCUMENT, *, kind: str = "application/json", status: int = 200) -> httpx.Response:
    """What the address of a description answers."""
    return httpx.Response(status, headers={"content-type": kind}, content=json.dumps(document).encode())


class Web:
    """A web with one page, the addresses of its hosts, and what was asked of it."""

    def __init__(self, answer: Callable[[], httpx.Response], *addresses: str) -> None:
        self.asked: list[httpx.Request] = []
        self.clock = Clock()
        self.answer = answer
        self.addresses = addresses or (PUBLIC,)
        self.documents = Documents(resolve=self._resolve, transport=self._transport, clock=self.clock)

    async def _resolve(self, _: str) -> list[str]:
        return list(self.addresses)

    def _transport(self) -> httpx.MockTransport:
        def handle(request: httpx.Request) -> httpx.Response:
            self.asked.append(request)
            return self.answer()

        return httpx.MockTransport(handle)


async def test_a_description_is_read_from_the_address_that_was_checked() -> None:
    web = Web(answer)
    assert await web.documents.find(ID) == DOCUMENT
    (request,) = web.asked
    assert request.url.host == PUBLIC  # not resolved once more
    assert (request.headers["host"], request.extensions["sni_hostname"]) == ("app.example", "app.example")
    assert {"authorization", "cookie"}.isdisjoint(request.headers)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - to be refused
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1%eth0",
        "fc00::1",
        "::ffff:127.0.0.1",
        "::ffff:93.184.215.14",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "ff02::1",
    ],
)
async def test_no_private_address_is_asked_anything(address: str) -> None:
    for addresses in ((address,), (PUBLIC, address)):
        web = Web(answer, *addresses)
        assert await web.documents.find(ID) is None
        assert web.asked == []


@pytest.mark.parametrize(
    "client_id",
    [
        "http://app.example/client.json",
        "https://app.example:8443/client.json",
        "https://app.example",
        "https://user@app.example/client.json",
        "https://app.example/../client.json",
        "https://app.example/client.json#x",
        "https://app.example/a b",
        f"https://app.example/{'x' * 300}",
        "https:///client.json",
        "https://APP.example/client.json",
        "https://\u0430pp.example/client.json",
        "https://app%2eexample/client.json",
        "https://app.example\\@evil.example/client.json",
        "https://app.example/client.json\n",
    ],
)
async def test_what_is_no_plain_address_is_not_asked(client_id: str) -> None:
    web = Web(lambda: answer({**DOCUMENT, "client_id": client_id}))
    assert await web.documents.find(client_id) is None
    assert web.asked == []


@pytest.mark.parametrize(
    "given",
    [
        httpx.Response(302, headers={"location": "https://evil.example/client.json"}),
        answer(status=404),
        answer(kind="text/html"),
        answer({**DOCUMENT, "client_id": "https://other.example/client.json"}),
        answer({**DOCUMENT, "client_id": f"{ID}/"}),
        answer({**DOCUMENT, "more": "x" * LARGEST}),
        answer([DOCUMENT]),
        httpx.Response(
            200,
            headers={"content-type": "application/json", "content-encoding": "gzip"},
            content=gzip.compress(json.dumps(DOCUMENT).encode()),
        ),
        httpx.Response(200, headers={"content-type": "application/json"}, content=b"{"),
        httpx.Response(200, headers={"content-type": "application/json"}, content=b"[" * 4_000),
    ],
)
async def test_what_is_no_description_of_this_app_is_none(given: httpx.Response) -> None:
    web = Web(lambda: given)
    assert await web.documents.find(ID) is None
    assert len(web.asked) == 1


async def test_a_slow_or_endless_description_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinylytics_mcp.http.oauth.documents.TIMEOUT_S", 0.05)

    async def slowly() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await anyio.sleep(0.01)

    def given() -> httpx.Response:
        return httpx.Response(200, headers={"content-type": "application/json"}, content=slowly())

    web = Web(given)
    assert await web.documents.find(ID) is None


async def test_the_last_good_description_is_used_where_there_is_no_other() -> None:
    web = Web(answer)
    assert await web.documents.find(ID) == DOCUMENT
    web.clock.now += FRESH_S - 1
    await web.documents.find(ID)
    assert len(web.asked) == 1
    web.answer = lambda: answer(status=503)
    web.clock.now += 2
    assert await web.documents.find(ID) == DOCUMENT
    assert await web.documents.find(ID) == DOCUMENT
    assert len(web.asked) == 2  # not asked at once again
    web.clock.now += LAST_GOOD_S
    assert await web.documents.find(ID) is None


async def test_strangers_cannot_use_us_to_ask_others_often() -> None:
    web = Web(lambda: answer(status=404))
    for _ in range(3):
        for number in range(MOST_A_MINUTE):
            await web.documents.find(f"https://app{number}.example/client.json")
            await web.documents.find(f"https://other{number}.example/client.json")
    assert len(web.asked) == MOST_A_MINUTE


@pytest.mark.parametrize("allowed", ["0", "1"])
async def test_descriptions_are_fetched_only_where_whoever_runs_the_server_allows_it(
    monkeypatch: pytest.MonkeyPatch, allowed: str
) -> None:
    web = Web(answer)
    monkeypatch.setattr("tinylytics_mcp.http.oauth.server.Documents", lambda: web.documents)
    asked = {"client_id": ID, "redirect_uri": "https://app.example/callback"}
    async with oauth_serving(environment={"TINYLYTICS_OAUTH_FETCH_CLIENTS": allowed}) as server:
        async with server.browser() as browser:
            page = await browser.open(server.authorize(**asked))
        assert (page.status_code, len(web.asked)) == ((200, 1) if allowed == "1" else (400, 0))
        if allowed == "1":
            assert "nobody has checked" in page.text
            tokens = await server.redeemed(await server.code(**asked), **asked)
            assert tokens.status_code == 200
            assert (await server.refreshed(tokens.json()["refresh_token"], client_id=ID)).status_code == 200
            assert len(web.asked) == 1
