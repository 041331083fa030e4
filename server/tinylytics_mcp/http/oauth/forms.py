"""Reads bodies of requests, small ones only, and parameters that may stand once."""

from collections.abc import Iterable
from urllib.parse import parse_qsl

from starlette.requests import Request

LARGEST = 64_000


class NotReadable(Exception):
    """A body or a query that is too large, or not of the form that is asked for."""


async def body_of(request: Request) -> bytes:
    """Return the body of a request.

    Raises:
        NotReadable: it is too large.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise NotReadable("the body is too large")
    return body


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a form.

    Raises:
        NotReadable: it is no form, too large, or names a field twice.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise NotReadable("the body is to be application/x-www-form-urlencoded")
    try:
        pairs = parse_qsl((await body_of(request)).decode(), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise NotReadable("the body is not a form") from None
    return once(pairs)


def once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return parameters by name; empty ones count as left out (RFC 6749, 3.1), and a resource may stand twice.

    Raises:
        NotReadable: one is there twice.
    """
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found and not (name == "resource" and found[name] == value):
            raise NotReadable(f"{name} is given twice" if name.isidentifier() else "a parameter is given twice")
        if value:
            found[name] = value
    return found
