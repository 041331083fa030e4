"""The proxy of compose.yaml, with its own configuration, before two servers that share a Redis: people log in."""

import shutil
import ssl
import subprocess
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread
import httpx2 as httpx
import pytest
from support.http_server import Served, Service, backend_of
from support.oauth import STATE_KEY, Browser, OAuthServed
from support.processes import address_told, environment, replicas
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY
from tinylytics_mcp.http.run import bind

ROOT = Path(__file__).parents[2]
CADDY = shutil.which("caddy")
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(CADDY is None, reason="caddy is not installed (Debian: apt-get install caddy)"),
]


@dataclass(frozen=True)
class BehindProxy(OAuthServed):
    """The servers as people reach them."""

    trust: ssl.SSLContext

    @asynccontextmanager
    async def browser(self) -> AsyncGenerator[Browser]:
        """A browser that trusts the proxy's certificate."""
        async with httpx.AsyncClient(verify=self.trust, trust_env=False, timeout=20) as http:
            yield Browser(http)


def wait_for(path: Path) -> None:
    """Wait for a file that another process writes."""
    for _ in range(200):
        if path.is_file() and path.stat().st_size:
            return
        time.sleep(0.05)
    raise TimeoutError(path)


@contextmanager
def deployed(folder: Path, redis: str) -> Generator[tuple[str, list["subprocess.Popen[str]"], ssl.SSLContext]]:
    """The public address, the two servers, and what trusts the proxy's certificate."""
    assert CADDY is not None
    with bind("127.0.0.1", 0) as free, bind("127.0.0.1", 0) as plain:
        port, http_port = free.getsockname()[1], plain.getsockname()[1]
    public = f"https://localhost:{port}"
    with ExitStack() as started:
        settings = {"PUBLIC_URL": public, "STATE_KEY": STATE_KEY, "STATELESS": "1"}
        named = {f"TINYLYTICS_{name}": value for name, value in settings.items()}
        servers = started.enter_context(replicas(folder, redis, host="0.0.0.0", **named))  # noqa: S104 - as in the image
        told = " ".join(address_told(server) for server in servers)
        names = told.replace("http://0.0.0.0", "127.0.0.2")  # which they do not know as their own, as in a container
        configuration = folder / "Caddyfile"
        text = (ROOT / "Caddyfile").read_text().replace("{\n", f"{{\n\thttp_port {http_port}\n", 1)  # 80 may be taken
        configuration.write_text(text)
        own = {"TINYLYTICS_PUBLIC_URL": public, "SERVERS": names, "XDG_DATA_HOME": str(folder / "data")}
        proxy = started.enter_context(
            subprocess.Popen(  # noqa: S603 - the system's own
                [CADDY, "run", "--config", str(configuration), "--adapter", "caddyfile"],
                env=environment(folder) | own | {"HOME": str(folder)},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )
        started.callback(proxy.kill)
        root = folder / "data" / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        wait_for(root)
        yield public, servers, ssl.create_default_context(cafile=str(root))


async def test_somebody_logs_in_through_the_proxy_and_stays_while_a_server_goes(
    tmp_path: Path, redis_port: int
) -> None:
    deployment = deployed(tmp_path, f"redis://127.0.0.1:{redis_port}/9")
    with deployment as (public, servers, trust):
        async with httpx.AsyncClient(verify=trust, trust_env=False, timeout=20) as plain:
            given = {"TINYLYTICS_PUBLIC_URL": public}
            at = BehindProxy(Served(public, plain), Service(), backend_of(Service()), given, trust)
            for _ in range(100):
                with suppress(httpx.ConnectError):  # it has made its certificate before it listens
                    if (await plain.get(f"{public}/health")).status_code == 200:
                        break
                await anyio.sleep(0.1)
            described = (await plain.get(f"{public}/.well-known/oauth-protected-resource/mcp")).json()
            assert described["resource"] == f"{public}/mcp"
            assert described["authorization_servers"] == [public]
            refused = await at.raw("wrong", "tools/list", {})
            assert refused.status_code == 401
            assert f"{public}/.well-known/oauth-protected-resource/mcp" in refused.headers["www-authenticate"]
            tokens = await at.tokens(key=FULL_ACCESS_KEY, scope="write")
            for _ in range(4):  # of both servers, in turn
                assert not (await at.call(tokens["access_token"])).get("isError")
            servers[0].kill()
            await anyio.to_thread.run_sync(servers[0].wait)
            for _ in range(40):  # the proxy asks after each server every two seconds
                if (await at.status(tokens["access_token"])) == 200 == (await at.status(tokens["access_token"])):
                    break
                await anyio.sleep(0.25)
            refreshed = (await at.refreshed(tokens["refresh_token"])).json()
            for _ in range(4):
                assert not (await at.call(refreshed["access_token"])).get("isError")
