"""The real network: connections for reads and for writes, through the environment's proxy where there is one."""

import functools
import ipaddress
import ssl
import urllib.request

import httpx2 as httpx

MOST_CONNECTIONS = 8
CONNECT_S = 10.0
IDLE_S = 30.0

_TIMEOUT = httpx.Timeout(None, connect=CONNECT_S).as_dict()  # the whole call is bounded by `cache.send`


class Network(httpx.AsyncBaseTransport):
    """Connections to the service, eight for reads and eight for writes.

    Writes keep no connection alive: one that the service is just closing loses a request without a trace. Raises
    `ValueError` where the environment names a proxy that cannot be used.
    """

    def __init__(self, base_url: str) -> None:
        self._proxy = _proxy(httpx.URL(base_url))
        self._opened: list[httpx.AsyncHTTPTransport] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions = {**request.extensions, "timeout": _TIMEOUT}
        return await (self._reads if request.method == "GET" else self._writes).handle_async_request(request)

    @functools.cached_property
    def _reads(self) -> httpx.AsyncHTTPTransport:
        return self._open(MOST_CONNECTIONS)

    @functools.cached_property
    def _writes(self) -> httpx.AsyncHTTPTransport:
        return self._open(0)

    def _open(self, kept: int) -> httpx.AsyncHTTPTransport:
        """Return new connections, so many kept alive; made for the first request, since a server starts faster."""
        limits = httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=kept, keepalive_expiry=IDLE_S)
        opened = httpx.AsyncHTTPTransport(verify=_tls(), limits=limits, proxy=self._proxy)
        self._opened.append(opened)
        return opened

    async def aclose(self) -> None:
        for opened in self._opened:
            await opened.aclose()


@functools.cache
def _tls() -> ssl.SSLContext:
    """Made once: it takes 40 ms, and a server may have hundreds of accounts."""
    return httpx.create_ssl_context()


def _proxy(url: httpx.URL) -> httpx.Proxy | None:
    """What `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` or the system's settings say; a loopback address never has one."""
    named = urllib.request.getproxies()
    text = named.get(url.scheme) or named.get("all")
    if not text or _is_loopback(url.host) or urllib.request.proxy_bypass(url.netloc.decode("ascii")):
        return None
    try:
        proxy = httpx.Proxy(text if "://" in text else f"http://{text}")
    except (ValueError, httpx.InvalidURL):
        proxy = None
    if proxy is None or proxy.url.scheme not in ("http", "https"):
        raise ValueError(  # never the proxy's own text: it may hold a password
            f"The proxy that the environment names for {url.scheme} cannot be used: only proxies with http:// or "
            "https:// are. Change HTTPS_PROXY (or ALL_PROXY), or name this host in NO_PROXY."
        )
    return proxy


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
