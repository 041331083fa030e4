"""The command `fake-api`: the made-up Tinylytics API alone, on a port."""

import anyio

from tinylytics_mcp.fake_api import FULL_ACCESS_KEY, READ_ONLY_KEY, FakeApi
from tinylytics_mcp.http.run import address_of, bind, run
from tinylytics_mcp.terminal import say


def command(*, host: str, port: int) -> None:
    """Serve the fake API alone until a signal comes, and print how to use it."""
    with bind(host, port) as listener:
        say(f"a made-up Tinylytics API on {address_of(listener)}/api/v1")
        say(f"TINYLYTICS_BASE_URL={address_of(listener)}/api/v1 TINYLYTICS_API_KEY={FULL_ACCESS_KEY}")
        say(f"a key that may only read: {READ_ONLY_KEY}")
        anyio.run(run, FakeApi(), listener)
