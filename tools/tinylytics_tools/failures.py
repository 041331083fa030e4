"""Turns a failed exchange with the service into an error of the tree."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import httpx2 as httpx
from pydantic import ValidationError

from tinylytics_tools import errors, sanitize
from tinylytics_tools.access import WHERE_KEYS_ARE_MADE
from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.replies import json_object
from tinylytics_tools.transport.call_stats import Purpose, info_of
from tinylytics_tools.transport.rate_limit import retry_after_s

NO_KEY = (
    f"No Tinylytics API key is set. Make one under {WHERE_KEYS_ARE_MADE} and put it in the environment variable "
    "TINYLYTICS_API_KEY of this server; then restart it. tinylytics-mcp serve --demo needs no key."
)
_IN_PLACE = "in place of the old one: in TINYLYTICS_API_KEY, or the file that TINYLYTICS_API_KEY_FILE names"
BAD_KEY = "Tinylytics did not accept the API key: it is wrong, revoked or incomplete."
FULL_KEY_NEEDED = "needs a full-access key, which begins with tly-fa-, and this one may only read. Nothing was sent."


@dataclass(frozen=True)
class Remedies:
    """What the user can do about a key: that depends on how they reach this server.

    `full_key` is told of a key that may only read, `may_write` where less is allowed than the key may do.
    """

    no_key: str = NO_KEY
    new_key: str = f"Make a new one under {WHERE_KEYS_ARE_MADE} and put it {_IN_PLACE}; then restart the server."
    full_key: str = (
        f"The user can make a full-access key under {WHERE_KEYS_ARE_MADE} and put it {_IN_PLACE}; then restart the "
        "server."
    )
    may_write: str = (
        "this server is set to read only. Nothing was sent. The user can allow writing by removing "
        "TINYLYTICS_READ_ONLY from its settings and restarting it."
    )


OWN_KEY = Remedies()
"""Of a server that has its user's key."""

_LATER = "Try again in a minute; if it goes on, see whether tinylytics.app is up."
_TOO_MANY = (
    "Tinylytics takes no more requests with this key for now: 1000 an hour are allowed, shared by everything that uses "
    "the key."
)
_OUT_OF_ORDER = (
    "Tinylytics is out of order for now: it answered with status 503, and is not asked again before its time."
)
_BASE_URL_HINT = "Check TINYLYTICS_BASE_URL: it should end in /api/v1."
USUAL_HOST = "tinylytics.app"

STORED_NOTHING = frozenset({400, 401, 403, 404, 422})
"""The statuses of a write that say that nothing was stored (API document, section 7). After any other failure it may
have been stored all the same, since something between the service and this machine may have answered."""


def of_response(
    endpoint: Endpoint[Any],
    response: httpx.Response,
    *,
    sent: bool,
    base_url: str,
    remedies: Remedies = OWN_KEY,
) -> errors.TinylyticsError | None:
    """Return the error of a response, or None for a success with a JSON body.

    A redirect, or a page of HTML with any status below 400, is a key not accepted (field notes 2). To a write such a
    page may also be a success that something on the way replaced, so its outcome is unknown (ANSWERS 5).
    `sent`: whether a request left; without one the response was made here, since the service wants a pause.
    """
    status = response.status_code
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_write = endpoint.method != "GET"
    is_page = kind == "text/html" and not is_write
    if is_write and sent and status >= 300 and status not in STORED_NOTHING:
        redirect = ", a redirect, as it may where it does not accept the key" if status < 400 else ""
        return unknown(endpoint, f"Tinylytics answered with status {status}{redirect}")
    if status == 401 or (not endpoint.keyless and (300 <= status < 400 or (status < 300 and is_page))):
        hint = "" if _is_complete(base_url) else f" {_BASE_URL_HINT}"
        return errors.KeyNotAccepted(f"{BAD_KEY} {remedies.new_key}{hint}")
    if status < 300:
        return None if kind.endswith("json") else unexpected(endpoint, "the content type")
    body = json_object(response.content)
    reasons = _reasons(body)
    match status:
        case 403 if is_page:
            return errors.Unavailable(
                f"{_name(endpoint)} was refused with a web page, which is not how the API answers: something in front "
                f"of Tinylytics may block this machine. {_later(base_url)}"
            )
        case 403:
            return _forbidden(endpoint, body, reasons, remedies)
        case 404 if (endpoint.keyless or not kind.endswith("json")) and not _is_complete(base_url):
            return errors.Unavailable(f"There is no {_name(endpoint)} at this address. {_BASE_URL_HINT}")
        case 404 if endpoint.feature is not None:
            return not_enabled(endpoint)
        case 404:
            return errors.NotFound(
                "Tinylytics has no such thing: it may have been deleted. list_sites shows the sites."
            )
        case 400 | 422:
            why = f" It said: {sanitize.phrase(reasons)}." if reasons else ""
            stored = " Nothing was stored." if is_write else ""
            return errors.Refused(
                f"Tinylytics refused the values of {_name(endpoint)}.{why}{stored} get_openapi shows what it takes."
            )
        case 429:
            reads = info_of(response.request).purpose is Purpose.READ
            return _pause(response, _TOO_MANY, ", with a shorter period or fewer sites" if reads else "")
        case 503 if "retry-after" in response.headers:
            return _pause(response, _OUT_OF_ORDER, "; this is not the hourly limit")
        case _ if status >= 500:
            return errors.Unavailable(
                f"Tinylytics failed with status {status} on {_name(endpoint)}. {_later(base_url)}"
            )
        case _:
            return errors.UnexpectedReply(
                f"{_name(endpoint)} answered status {status}, which the API does not document. {_LATER}"
            )


def left_all_as_it_was(response: httpx.Response, *, sent: bool) -> bool:
    """Return whether a write was not sent, ignored (202, field notes 23) or refused."""
    return not sent or response.status_code == 202 or response.status_code in STORED_NOTHING


def of_transport(endpoint: Endpoint[Any], error: httpx.TransportError, *, base_url: str) -> errors.TinylyticsError:
    """Return the error of an exchange without a response; the outcome of a write that may have left is unknown."""
    never_left = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ProxyError)
    if endpoint.method != "GET" and not never_left:
        return unknown(endpoint, "the answer was lost")
    if isinstance(error, httpx.TimeoutException):
        return errors.Unavailable(f"Tinylytics did not answer {_name(endpoint)} in time. {_later(base_url)}")
    if never_left:
        return errors.Unavailable(f"Tinylytics could not be reached. {_later(base_url)}")
    return errors.Unavailable(f"The answer of {_name(endpoint)} broke off or was too large. {_later(base_url)}")


def unexpected(endpoint: Endpoint[Any], place: str) -> errors.TinylyticsError:
    if endpoint.method != "GET":
        return unknown(endpoint, f"the answer could not be read at {place}")
    return errors.UnexpectedReply(
        f"{_name(endpoint)} answered in a form that the API document does not describe, at: {place}. {_BASE_URL_HINT}"
    )


def places(error: ValidationError) -> str:
    """Return which fields of a reply are wrong; names only, never values."""
    names = [".".join(str(part) for part in problem["loc"]) or "the body" for problem in error.errors()[:3]]
    return ", ".join(sanitize.prose(name, cap=60) for name in names)


def _pause(response: httpx.Response, what: str, how: str) -> errors.TooManyRequests:
    wait_s = retry_after_s(response, datetime.now(UTC))
    when = "in a few minutes" if wait_s is None else f"in {max(1, math.ceil(wait_s / 60))} min"
    return errors.TooManyRequests(f"{what} Ask again {when}{how}.", retry_after_s=wait_s)


def _forbidden(
    endpoint: Endpoint[Any], body: dict[str, Any], reasons: str, remedies: Remedies
) -> errors.TinylyticsError:
    """Return the error of a 403 (field notes 21), as far as the body tells; `read_premium` finds the rest in `/me`."""
    if endpoint.method != "GET":
        return errors.NotAllowed(
            f"Tinylytics refused this write, so nothing was stored. {_name(endpoint)} needs a full-access key, which "
            f"begins with tly-fa-. {remedies.full_key}"
        )
    if endpoint.subscription and "subscri" in reasons.lower():
        return needs_subscription(endpoint)
    if endpoint.feature is not None and (body.get("content_monitoring_enabled") is False or "enabled" in reasons):
        return not_enabled(endpoint)
    return errors.NotAllowed(f"Tinylytics does not let this key use {_name(endpoint)}. Check the key and the site.")


def needs_subscription(endpoint: Endpoint[Any]) -> errors.SubscriptionNeeded:
    """Return the error of an account whose plan lacks a premium endpoint (API document, section 2)."""
    return errors.SubscriptionNeeded(
        f"{_feature(endpoint)} needs a Tinylytics subscription, which this account does not have. "
        "Traffic, kudos and journeys work without one."
    )


def not_enabled(endpoint: Endpoint[Any]) -> errors.NotEnabled:
    return errors.NotEnabled(
        f"{_feature(endpoint)} is not enabled for this site, so nothing is known about it: that is not the same as "
        "all being well. The user can switch it on in the site's settings on Tinylytics."
    )


def unknown(endpoint: Endpoint[Any], why: str) -> errors.OutcomeUnknown:
    return errors.OutcomeUnknown(
        f"It is not known whether this was stored: {why} after {_name(endpoint)} had been sent. It was not sent "
        "again. Look before repeating it.",
        why=why,
    )


def _reasons(body: dict[str, Any]) -> str:
    """Return `error` or `errors` of a failure, guarded: the service may quote what a visitor wrote."""
    reasons: Any = body.get("errors") or body.get("error") or ""
    texts = cast("list[Any]", reasons) if isinstance(reasons, list) else [reasons]
    return sanitize.prose("; ".join(str(text) for text in texts[:5]), cap=300).rstrip(".")


def _is_complete(base_url: str) -> bool:
    return base_url.rstrip("/").endswith("/api/v1")


def _later(base_url: str) -> str:
    """Return what to do about a service that does not answer: it may be that TINYLYTICS_BASE_URL leads elsewhere."""
    host = httpx.URL(base_url).host
    if host == USUAL_HOST:
        return _LATER
    return f"It was asked at {host}, where TINYLYTICS_BASE_URL leads: check that variable, and what runs there."


def _name(endpoint: Endpoint[Any]) -> str:
    return f"{endpoint.method} {endpoint.path.replace('{', ':').replace('}', '')}"


def _feature(endpoint: Endpoint[Any]) -> str:
    name = endpoint.feature or "This"
    return name[0].upper() + name[1:]
