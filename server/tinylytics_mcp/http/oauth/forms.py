"""Reads what clients send, and tells them what is wrong with it."""

from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse

NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}


class OAuthError(Exception):
    """What a client is told by an error code of RFC 6749, 7591 or 8707."""

    def __init__(self, error: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.error = error
        self.status = status

    @property
    def response(self) -> JSONResponse:
        """The answer that tells it."""
        headers = {**NO_STORE, **({"www-authenticate": "Basic"} if self.status == 401 else {})}
        return JSONResponse({"error": self.error, "error_description": str(self)}, self.status, headers)


async def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a form."""
    try:
        return once(parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=50))
    except ValueError:
        raise OAuthError("invalid_request", "the body is not a form") from None


def once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return parameters by name; none may stand twice, and an empty one counts as left out (RFC 6749, 3.1)."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found and not (name == "resource" and found[name] == value):
            raise OAuthError("invalid_request", "a parameter is given twice")
        if value:
            found[name] = value
    return found


def needed(form: Mapping[str, str], name: str) -> str:
    """Return a field that must be there."""
    if name not in form:
        raise OAuthError("invalid_request", f"{name} is missing")
    return form[name]
