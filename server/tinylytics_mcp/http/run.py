"""Runs an ASGI app on a port of this computer until a signal comes."""

import asyncio
import signal
import socket

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from tinylytics_mcp.errors import CommandError

GRACE_S = 3
"""Seconds that open streams get to end by themselves; `subscriptions/listen` never would."""
KEEP_ALIVE_S = 75
"""Seconds that a connection waits for its next request. Proxies keep theirs for 60 and busy clients as long as they are
busy; one that is closed on them costs the request that they send at that moment, which nobody sends again."""
AT_ONCE, IN_LINE = 16, 1024
"""Connections that are accepted at a time, so that few exceed the limit before they are counted, and that wait."""


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        CommandError: the address is taken or is not one of this computer's.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each answer may wait 40 ms for an ACK
    except OSError as error:
        raise CommandError(
            f"cannot serve on {host} port {port}: {error.strerror}. Choose another with --port."
        ) from None
    return listener


def address_of(listener: socket.socket) -> str:
    """Return the address of a socket as the beginning of a URL."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def run(app: ASGIApp, listener: socket.socket, *, connections: type[asyncio.Protocol] = H11Protocol) -> None:
    """Serve an ASGI app on a socket until SIGINT or SIGTERM; `connections` is the protocol class."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _, __: None)  # uvicorn handles it first, stops, and then raises it again
    config = uvicorn.Config(
        app,
        http=connections,  # not what happens to be installed: httptools reads headers another way
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=AT_ONCE,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    await _Server(config).serve(sockets=[listener])


class _Server(uvicorn.Server):
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and let connections wait in a longer line than uvicorn, which has one number for both."""
        await super().startup(sockets)
        for listener in sockets or []:
            listener.listen(IN_LINE)
