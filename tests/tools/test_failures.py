"""Every way in which the service or the network can fail has its own words, and none of them holds the key."""

from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import httpx2 as httpx
import pytest
from support.client import BASE_URL, NOW, transport_over
from tinylytics_tools import errors
from tinylytics_tools.access import ApiKey
from tinylytics_tools.client import CallContext, Client
from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.me import ME, read_premium
from tinylytics_tools.replies import Reply

pytestmark = pytest.mark.anyio
SECRET = "tly-fa-canary-7f3a"
DISCOVERY = Endpoint("GET", "/", Reply, keyless=True)
UPTIME = Endpoint("GET", "/sites/{site_id}/uptime", Reply, subscription=True, feature="uptime monitoring")
CONTENT = Endpoint("GET", "/sites/{site_id}/content", Reply, subscription=True, feature="content monitoring")
HIT = Endpoint("POST", "/sites/{site_id}/hits", Reply)
KUDO = Endpoint("DELETE", "/sites/{site_id}/kudos/{uid}", Reply)

Answering = Callable[[httpx.Request], httpx.Response]


def api(answer: Answering, key: str | None = SECRET, base_url: str = BASE_URL) -> CallContext:
    """A call's API over a network that answers so."""
    return CallContext(Client(ApiKey(key) if key else None, transport=transport_over(answer), base_url=base_url))


async def failure(
    answer: Answering, endpoint: Endpoint[Any] = ME, key: str | None = SECRET, base_url: str = BASE_URL
) -> errors.TinylyticsError:
    """What asking an endpoint raises."""
    with pytest.raises(errors.TinylyticsError) as caught:
        await api(answer, key, base_url).call(endpoint, site_id=1, uid="u")
    assert SECRET not in f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
    assert len(str(caught.value)) <= errors.LONGEST
    return caught.value


def status(code: int, body: Any = None, **headers: str) -> Answering:
    """The service answers with this."""
    return lambda _: httpx.Response(code, json={} if body is None else body, headers=headers)


def unnamed(code: int, body: bytes) -> Answering:
    """The service answers with a body of no content type."""
    return lambda _: httpx.Response(code, content=body)


def html(code: int) -> Answering:
    """The service answers with a page."""
    return lambda _: httpx.Response(code, html="<p>Welcome to our marketing page</p>")


@pytest.mark.parametrize(
    "answer",
    [
        status(401, {"error": "Invalid API key"}),
        html(200),
        html(401),
        status(302, location="https://elsewhere.test/?key"),
    ],
)
async def test_a_key_that_is_not_accepted_is_told_as_that(answer: Answering) -> None:
    assert type(await failure(answer)) is errors.KeyNotAccepted


async def test_the_key_is_sent_to_the_configured_host_alone_and_not_where_none_is_needed() -> None:
    seen: list[httpx.Request] = []

    def record(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(302, headers={"location": "https://elsewhere.test/"})

    await failure(record)
    await failure(record, DISCOVERY)
    assert [request.url.host for request in seen] == ["tinylytics.test"] * 2
    assert [request.headers.get("authorization") for request in seen] == [f"Bearer {SECRET}", None]
    assert seen[0].headers["accept-encoding"] == "identity"


async def test_without_a_key_nothing_is_sent_but_what_needs_none() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request.url)

    assert type(await failure(refuse, key=None)) is errors.KeyNotAccepted
    assert type(await api(status(200), key=None).call(DISCOVERY)) is Reply


@pytest.mark.parametrize(
    ("body", "me", "kind"),
    [
        ({"error": "An active subscription is required"}, {}, errors.SubscriptionNeeded),
        ({"error": "Forbidden"}, {"id": 1, "email": "a@b.test", "is_subscribed": False}, errors.SubscriptionNeeded),
        ({"error": "Forbidden"}, {"id": 1, "email": "a@b.test", "is_subscribed": True}, errors.NotEnabled),
        (
            {"error": "Content monitoring is not enabled for this site", "content_monitoring_enabled": False},
            {},
            errors.NotEnabled,
        ),
        (
            {"error": "Feature is not enabled"},
            {"id": 1, "email": "a@b.test", "is_subscribed": False},
            errors.NotEnabled,
        ),
    ],
)
async def test_the_meanings_of_403_are_told_apart(body: Any, me: Any, kind: type[errors.TinylyticsError]) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=me) if request.url.path.endswith("/me") else httpx.Response(403, json=body)

    with pytest.raises(errors.TinylyticsError) as caught:
        await read_premium(api(answer), CONTENT, 1)
    assert type(caught.value) is kind


async def test_a_refused_write_says_which_key_it_takes() -> None:
    refused = await failure(status(403, {"error": "Write access required"}), HIT)
    assert type(refused) is errors.NotAllowed
    assert "full-access key" in str(refused)
    assert "nothing was stored" in str(refused)
    assert "Nothing was sent" not in str(refused)


async def test_a_403_that_is_a_web_page_says_nothing_about_the_site() -> None:
    assert type(await failure(html(403), UPTIME)) is errors.Unavailable
    assert type(await failure(html(403), HIT)) is errors.NotAllowed


async def test_a_404_of_a_feature_means_that_it_is_off_and_another_that_there_is_no_such_thing() -> None:
    assert type(await failure(status(404), UPTIME)) is errors.NotEnabled
    assert type(await failure(status(404), KUDO)) is errors.NotFound


async def test_the_reasons_of_a_422_are_passed_on_guarded() -> None:
    refused = await failure(status(422, {"errors": ["Path can't be blank", "<b>ignore</b>\n`all`"]}), HIT)
    assert type(refused) is errors.Refused
    assert "It said: “Path can’t be blank; bignore/b all”. Nothing was stored." in str(refused)
    assert not set("<>`\n\"'") & set(str(refused))


LATER = NOW + timedelta(hours=1)


@pytest.mark.parametrize(
    ("code", "header", "least", "most"),
    [(429, "120", 120, 120), (503, "7", 7, 7), (429, format_datetime(LATER, usegmt=True), 3600, 3600)],
    ids=["seconds", "seconds of a 503", "a date"],
)
async def test_a_refusal_says_when_to_come_back(code: int, header: str, least: float, most: float) -> None:
    refused = await failure(status(code, **{"retry-after": header}))
    assert isinstance(refused, errors.TooManyRequests)
    assert refused.retry_after_s is not None
    assert least <= refused.retry_after_s <= most


@pytest.mark.parametrize("header", ["", "soon", "99999999999999999999x", "-5"])
async def test_a_bare_or_odd_refusal_is_still_a_refusal(header: str) -> None:
    refused = await failure(status(429, **{"retry-after": header}))
    assert isinstance(refused, errors.TooManyRequests)


@pytest.mark.parametrize("code", [500, 502, 503, 504])
async def test_a_failing_service_leaves_a_write_unknown_and_a_read_to_be_repeated(code: int) -> None:
    assert type(await failure(status(code))) is errors.Unavailable
    assert type(await failure(status(code), HIT)) is errors.OutcomeUnknown


def raising(error: httpx.TransportError) -> Answering:
    """The network fails so."""

    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "read", "write"),
    [
        (httpx.ConnectError("no"), errors.Unavailable, errors.Unavailable),
        (httpx.ConnectTimeout("no"), errors.Unavailable, errors.Unavailable),
        (httpx.ProxyError("no"), errors.Unavailable, errors.Unavailable),
        (httpx.ReadTimeout("no"), errors.Unavailable, errors.OutcomeUnknown),
        (httpx.WriteError("no"), errors.Unavailable, errors.OutcomeUnknown),
        (httpx.RemoteProtocolError("no"), errors.Unavailable, errors.OutcomeUnknown),
    ],
)
async def test_a_lost_exchange_is_unknown_only_where_it_may_have_left(
    error: httpx.TransportError, read: type[Exception], write: type[Exception]
) -> None:
    assert type(await failure(raising(error))) is read
    assert type(await failure(raising(error), KUDO)) is write


@pytest.mark.parametrize("body", [b"", b"[", b"[1]", b'"x"', b"null", b'{"id":"no number"}', b'{"id":' * 5000])
async def test_a_reply_of_another_form_is_told_by_its_fields_alone(body: bytes) -> None:
    unexpected = await failure(
        lambda _: httpx.Response(200, content=body, headers={"content-type": "application/json"})
    )
    assert type(unexpected) is errors.UnexpectedReply
    assert "no number" not in str(unexpected)


@pytest.mark.parametrize("endpoint", [HIT, KUDO])
@pytest.mark.parametrize(
    ("answer", "read"),
    [
        (unnamed(204, b""), errors.UnexpectedReply),
        (unnamed(200, b"{}"), errors.UnexpectedReply),
        (html(200), errors.KeyNotAccepted),
        (html(201), errors.KeyNotAccepted),
    ],
)
async def test_a_write_whose_success_cannot_be_read_may_have_been_done(
    answer: Answering, read: type[Exception], endpoint: Endpoint[Any]
) -> None:
    assert type(await failure(answer, endpoint)) is errors.OutcomeUnknown
    assert type(await failure(answer)) is read


@pytest.mark.parametrize("code", [402, 405, 409, 410, 418, 451])
async def test_any_other_status_is_an_error_of_the_tree(code: int) -> None:
    await failure(status(code))
    await failure(status(code), HIT)


def unreachable(request: httpx.Request) -> httpx.Response:
    """Nothing listens there."""
    raise httpx.ConnectError("refused", request=request)


@pytest.mark.parametrize("answer", [unreachable, status(500)])
async def test_an_address_that_the_user_set_is_named_where_nothing_answers(answer: Answering) -> None:
    error = await failure(answer, base_url="https://old.example.com/api/v1")
    assert isinstance(error, errors.Unavailable)
    assert "asked at old.example.com, where TINYLYTICS_BASE_URL leads" in str(error)
    assert "tinylytics.app" not in str(error)
    usual = await failure(answer, base_url="https://tinylytics.app/api/v1")
    assert "see whether tinylytics.app is up" in str(usual)
    assert "TINYLYTICS_BASE_URL" not in str(usual)


@pytest.mark.parametrize("answer", [html(404), html(200), status(302), status(401)])
@pytest.mark.parametrize("endpoint", [ME, UPTIME])
async def test_an_address_without_the_path_of_the_api_is_recognised(answer: Answering, endpoint: Endpoint[Any]) -> None:
    assert "it should end in /api/v1" in str(await failure(answer, endpoint, base_url="https://tinylytics.app"))
    assert "TINYLYTICS_BASE_URL" not in str(await failure(answer, endpoint))
