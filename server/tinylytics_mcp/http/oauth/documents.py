"""Fetches a client's own description from the address that is its id, without being led anywhere else."""

import ipaddress
import re
import socket
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx2 as httpx
from pydantic import TypeAdapter, ValidationError
from tinylytics_tools.transport.single_flight import SingleFlight

LARGEST = 5_000
TIMEOUT_S = 5.0
FRESH_S = 3_600.0
LAST_GOOD_S = 7 * 86_400.0
"""A description that cannot be fetched again is still used for so long."""
ASK_AGAIN_S = 60.0
MOST_A_MINUTE = 30
MOST_KEPT = 500

_ID = re.compile(r"https://[a-z0-9.-]{1,250}/[A-Za-z0-9._~/?&=%-]{1,250}")
_EMBEDDED = ipaddress.ip_network("64:ff9b::/96")
"""Addresses of the old internet within the new one: NAT64 leads from these to private ones too."""

Resolve = Callable[[str], Awaitable[list[str]]]
Document = dict[str, Any]
_DOCUMENT: TypeAdapter[Document] = TypeAdapter(Document)


async def resolve(host: str) -> list[str]:
    """Return the addresses of a host; none where it has none."""
    try:
        found = await anyio.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [str(entry[4][0]) for entry in found]


class Documents:
    """Descriptions of clients, fetched at most thirty a minute and used for an hour."""

    def __init__(
        self,
        *,
        resolve: Resolve = resolve,
        transport: Callable[[], httpx.AsyncBaseTransport] = httpx.AsyncHTTPTransport,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._resolve = resolve
        self._transport = transport
        self._clock = clock
        self._kept: OrderedDict[str, tuple[Document | None, float, float]] = OrderedDict()
        self._asked: deque[float] = deque(maxlen=MOST_A_MINUTE)
        self._flights = SingleFlight[Document | None]()

    async def find(self, client_id: str) -> Document | None:
        """Return the description at an address, None where there is none that can be used."""
        document, fetched, ask_again = self._kept.get(client_id, (None, 0.0, float("-inf")))
        if self._clock() >= ask_again:
            return await self._flights.join(client_id, lambda: self._renewed(client_id, document, fetched))
        return document

    async def _renewed(self, client_id: str, last_good: Document | None, fetched: float) -> Document | None:
        now = self._clock()
        if not _ID.fullmatch(client_id) or "/." in client_id:
            return None
        if len(self._asked) == MOST_A_MINUTE and now - self._asked[0] < ASK_AGAIN_S:
            return last_good
        self._asked.append(now)
        document, ask_again = None, now + ASK_AGAIN_S
        with anyio.move_on_after(TIMEOUT_S):
            document = await self._fetched(client_id)
        if document is not None:
            fetched, ask_again = now, now + FRESH_S
        elif now - fetched < LAST_GOOD_S:
            document = last_good
        self._kept.pop(client_id, None)
        self._kept[client_id] = document, fetched, ask_again
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return document

    async def _fetched(self, client_id: str) -> Document | None:
        host = urlsplit(client_id).hostname or ""
        addresses = await self._resolve(host)
        if not addresses or not all(is_public(address) for address in addresses):
            return None
        url = httpx.URL(client_id).copy_with(host=addresses[0])  # what was checked, and nothing that is resolved anew
        headers = {"host": host, "accept": "application/json", "accept-encoding": "identity"}
        try:
            async with self._transport() as transport:
                request = httpx.Request("GET", url, headers=headers, extensions={"sni_hostname": host})
                response = await transport.handle_async_request(request)
                kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
                is_packed = "content-encoding" in response.headers  # a few bytes may become many
                if response.status_code != 200 or is_packed or not kind.endswith(("/json", "+json")):
                    return None
                body = b""
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > LARGEST:
                        return None
            document = _DOCUMENT.validate_json(body)
        except (httpx.HTTPError, httpx.StreamError, ValidationError):
            return None
        return document if document.get("client_id") == client_id else None


def is_public(address: str) -> bool:
    """Return whether an address is one of the public internet."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and (ip.ipv4_mapped or ip.sixtofour or ip.teredo or ip in _EMBEDDED):
        return False
    return ip.is_global and not ip.is_multicast
