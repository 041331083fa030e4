"""The settings of OAuth: what is missing or contradicts itself is said at the start, and a file of clients is read."""

import hashlib
import json
import re
from contextlib import closing
from pathlib import Path

import anyio.to_thread
import pytest
from support.http_server import Service, backend_of
from support.oauth import CLAUDE, STATE_KEY, oauth_serving
from tinylytics_mcp import cli
from tinylytics_mcp.backend import STATE_FILE
from tinylytics_mcp.errors import UsageError
from tinylytics_mcp.http.app import http_app
from tinylytics_mcp.http.oauth.clients import read_clients
from tinylytics_mcp.http.settings import AuthMode, read_http_settings
from tinylytics_tools.transport import open_store

pytestmark = pytest.mark.anyio

URL = {"TINYLYTICS_PUBLIC_URL": "https://stats.example.org"}
WHOLE = {**URL, "TINYLYTICS_STATE_KEY": STATE_KEY}
REDIRECT = "https://gemini.example/callback"


@pytest.mark.parametrize(
    "url", ["https://Stats.example.org/", "https://stats.example.org:443", "HTTPS://stats.example.org:/"]
)
def test_a_public_address_is_the_only_way_in_and_its_host_is_let_through(url: str) -> None:
    settings = read_http_settings({**WHOLE, "TINYLYTICS_PUBLIC_URL": url}, host="0.0.0.0")  # noqa: S104
    assert settings.auth_mode is AuthMode.OAUTH
    assert settings.oauth is not None
    assert settings.oauth.issuer == "https://stats.example.org"
    assert settings.hosts == ("stats.example.org",)
    assert "https://stats.example.org" in settings.allowed_origins
    assert STATE_KEY not in repr(settings.oauth)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (URL, "TINYLYTICS_STATE_KEY"),
        ({**URL, "TINYLYTICS_STATE_KEY": "short"}, "TINYLYTICS_STATE_KEY takes at least 32"),
        ({**WHOLE, "TINYLYTICS_STATE_KEY_OLD": "short"}, "TINYLYTICS_STATE_KEY_OLD takes at least 32"),
        ({**WHOLE, "TINYLYTICS_TOKENS_FILE": "/t"}, "TINYLYTICS_TOKENS_FILE"),
        ({**WHOLE, "TINYLYTICS_CLIENT_KEYS": "1"}, "TINYLYTICS_CLIENT_KEYS"),
        ({**WHOLE, "TINYLYTICS_API_KEY": "tly-ro-x"}, "TINYLYTICS_API_KEY"),
        ({**WHOLE, "TINYLYTICS_API_KEY_FILE": "/k"}, "TINYLYTICS_API_KEY_FILE"),
        ({**WHOLE, "TINYLYTICS_OAUTH_FETCH_CLIENTS": "maybe"}, "TINYLYTICS_OAUTH_FETCH_CLIENTS"),
        ({"TINYLYTICS_ALLOWED_ACCOUNTS": "1"}, "TINYLYTICS_PUBLIC_URL"),
        ({**WHOLE, "TINYLYTICS_ALLOWED_ACCOUNTS": " , "}, "TINYLYTICS_ALLOWED_ACCOUNTS names nobody"),
        ({"TINYLYTICS_OAUTH_FETCH_CLIENTS": "1"}, "TINYLYTICS_PUBLIC_URL"),
        *(
            ({**WHOLE, "TINYLYTICS_PUBLIC_URL": url}, "TINYLYTICS_PUBLIC_URL takes the address")
            for url in (
                "stats.example.org",
                "http://stats.example.org",
                "https://stats.example.org/mcp",
                "https://a@stats.example.org",
                "https://stats.example.org?x",
                "https://stats.example.org#x",
                "ftp://stats.example.org",
                "https://",
                "https://stats .example.org",
                "https://stats.example.org:x",
            )
        ),
    ],
)
def test_what_cannot_work_is_said_at_the_start(given: dict[str, str], named: str) -> None:
    with pytest.raises(UsageError, match=re.escape(named)):
        read_http_settings(given, host="127.0.0.1")


def test_over_sse_alone_nobody_could_log_in() -> None:
    with pytest.raises(UsageError, match="use --transport http"):
        http_app(backend_of(Service()), read_http_settings(WHOLE, host="127.0.0.1"), sse_only=True)


async def test_an_app_that_the_operator_names_shows_its_secret(tmp_path: Path) -> None:
    file = tmp_path / "clients.json"
    client = {
        "client_id": "gemini",
        "client_name": "Gemini Enterprise",
        "client_secret_sha256": hashlib.sha256(b"a secret").hexdigest(),
        "redirect_uris": [REDIRECT],
    }
    file.write_text(json.dumps({"clients": [client]}))
    asked = {"client_id": "gemini", "redirect_uri": REDIRECT}
    async with oauth_serving(environment={"TINYLYTICS_OAUTH_CLIENTS_FILE": str(file)}) as server:
        async with server.browser() as browser:
            page = await browser.open(server.authorize(**asked))
            assert "<strong>Gemini Enterprise</strong> wants to connect." in page.text
        code = await server.code(**asked)
        for secret in ("", "wrong", client["client_secret_sha256"]):
            assert (await server.redeemed(code, **asked, client_secret=str(secret))).status_code == 401
        assert (await server.redeemed(code, **asked, client_secret="a secret")).status_code == 200


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"clients": [{"client_id": "x"}]}',
        '{"clients": [{"client_id": "x", "client_secret_sha256": "", "redirect_uris": ["https://x.example/"]}]}',
        '{"clients": [{"client_id": "x", "client_secret_sha256": "abc", "redirect_uris": ["http://x.example/"]}]}',
    ],
)
def test_a_file_of_clients_that_cannot_be_used_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "clients.json"
    file.write_text(content)
    with pytest.raises(UsageError, match="is not a file of clients"):
        read_clients(file)


async def test_grants_are_listed_and_ended_from_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(open_store(tmp_path / STATE_FILE)) as store:
        async with oauth_serving(store=store) as server:
            tokens, other = [await server.tokens(scope=scope) for scope in ("write", "read")]
            assert await server.status(tokens["access_token"]) == 200
            await server.post("/revoke", client_id=CLAUDE, token=other["refresh_token"])
            environment = {**server.environment, "TINYLYTICS_STATE_DIR": str(tmp_path)}
            for name, value in environment.items():
                monkeypatch.setenv(name, value)

            def typed(*words: str) -> tuple[int, str, str]:
                status = cli.main(["token", *words])
                said = capsys.readouterr()
                return status, said.out, said.err

            status, out, _ = await anyio.to_thread.run_sync(typed, "list")
            grant, scope, whose, _ = out.split("\t")
            assert (status, scope, whose) == (0, "read write", "Claude for account 123")
            assert (await anyio.to_thread.run_sync(typed, "revoke", "nobody"))[0] == 2
            assert (await anyio.to_thread.run_sync(typed, "revoke", grant))[0] == 0
            assert await server.status(tokens["access_token"]) == 401
            assert (await anyio.to_thread.run_sync(typed, "list"))[:2] == (0, "")
