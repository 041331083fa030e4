"""The command `standin`: the made-up Tinylytics API alone, on a port."""

import anyio

from tinylytics_mcp import logs
from tinylytics_mcp.listening import address_of, bind, run
from tinylytics_mcp.standin import FULL_ACCESS_KEY, READ_ONLY_KEY, Standin
from tinylytics_mcp.terminal import say


def serve_standin(*, host: str, port: int) -> None:
    """Serve the stand-in alone until a signal comes, and say how to use it.

    Raises:
        Failure: the address is taken.
    """
    logs.configure()
    with bind(host, port) as listener:
        say(f"a made-up Tinylytics API on {address_of(listener)}/api/v1")
        say(f"TINYLYTICS_BASE_URL={address_of(listener)}/api/v1 TINYLYTICS_API_KEY={FULL_ACCESS_KEY}")
        say(f"a key that may only read: {READ_ONLY_KEY}")
        anyio.run(run, Standin(), listener)
