"""A refusal by the service stops every process until its time."""

from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from support.network import KEY, OTHER_KEY, Clock, answer, get, network, rate_limited, statuses
from tinylytics_tools.transport import open_store

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("over_each_store")]

NOON = Clock().now
IN_A_MINUTE_AND_A_HALF = format_datetime(NOON + timedelta(seconds=90), usegmt=True)
LONG_AGO = format_datetime(NOON - timedelta(days=1), usegmt=True)


A_QUARTER_HOUR = 900


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "pause_s"),
    [
        (None, 60),
        ("90", 90),
        ("90.4", 90.4),
        (IN_A_MINUTE_AND_A_HALF, 90),
        (IN_A_MINUTE_AND_A_HALF.removesuffix(" GMT"), 90),
        ("0", 1),
        (LONG_AGO, 1),
        ("", 60),
        ("-5", 60),
        ("soon", 60),
        ("nan", 60),
        ("inf", 60),
        ("1e3", 60),
        ("0x10", 60),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 86_400),
        ("999999999999", 86_400),
        ("9" * 400, 60),
    ],
)
async def test_a_refusal_in_any_form_stops_all_until_its_time(status: int, header: str | None, pause_s: float) -> None:
    store, clock = open_store(None), Clock()
    refusal = answer(status=status)
    if header is not None:
        refusal.headers["retry-after"] = header
    service = network(refusal, answer())
    wire, other = (rate_limited(service, store, clock) for _ in range(2))
    pause_s = min(pause_s, A_QUARTER_HOUR) if status == 503 else pause_s
    assert await statuses(wire, [get()]) == [status]
    clock.move(pause_s - 0.01)
    assert await statuses(wire, [get()]) == [status]
    assert await statuses(other, [get()]) == [status]
    assert len(service.asked) == 1
    clock.move(0.01)
    assert await statuses(other, [get()]) == [200]


async def test_other_processes_stop_and_other_keys_do_not(tmp_path: Path) -> None:
    stores, clock = [open_store(tmp_path / "state") for _ in range(2)], Clock()
    service = network(answer(status=429), answer())
    assert await statuses(rate_limited(service, stores[0], clock), [get()]) == [429]
    assert await statuses(rate_limited(service, stores[1], clock), [get()]) == [429]
    assert await statuses(rate_limited(service, stores[1], clock, key=OTHER_KEY), [get()]) == [200]
    assert len(service.asked) == 2
    for store in stores:
        store.close()


async def test_a_refusal_says_how_long_the_pause_will_be_whatever_the_service_wrote() -> None:
    clock, store = Clock(), open_store(None)
    wire = rate_limited(network(answer(status=429, retry_after="rubbish")), store, clock)
    assert (await wire.handle_async_request(get())).headers["retry-after"] == "60"
    clock.move(10)
    assert (await wire.handle_async_request(get())).headers["retry-after"] == "50"


async def test_an_outage_that_names_no_time_is_handed_on_as_the_outage_that_it_is() -> None:
    wire = rate_limited(network(answer(status=503)), open_store(None), Clock())
    assert "retry-after" not in (await wire.handle_async_request(get())).headers


async def test_pauses_without_a_time_double_up_to_a_quarter_hour_and_begin_anew_after_an_answer() -> None:
    clock, store = Clock(), open_store(None)
    refusal = answer(status=429)
    wire = rate_limited(network(*[refusal] * 6, answer(), refusal), store, clock)
    pauses: list[int] = []
    for _ in range(8):
        response = await wire.handle_async_request(get())
        pause_s = int(response.headers.get("retry-after", "0"))
        pauses.append(pause_s)
        clock.move(pause_s)
    assert pauses == [60, 120, 240, 480, 900, 900, 0, 60]


async def test_a_service_that_refuses_for_weeks_is_asked_each_quarter_hour() -> None:
    clock, store = Clock(), open_store(None)
    requests = store.requests
    pause_s = 0.0
    for _ in range(1100):
        pause_s = await requests.refused(
            KEY, None, (await requests.reserve(KEY, 9, clock)).since, clock, is_outage=False
        )
        clock.move(pause_s)
    assert pause_s == 900


async def test_requests_refused_together_are_one_refusal() -> None:
    clock, store = Clock(), open_store(None)
    requests = store.requests
    places = [await requests.reserve(KEY, 9, clock) for _ in range(8)]
    clock.move(2)
    assert [await requests.refused(KEY, None, place.since, clock, is_outage=False) for place in places] == [60] * 8


async def test_a_shorter_time_does_not_cut_a_pause_that_is_on() -> None:
    clock, store = Clock(), open_store(None)
    requests = store.requests
    places = [await requests.reserve(KEY, 9, clock) for _ in range(2)]
    assert [
        await requests.refused(KEY, asked_s, place.since, clock, is_outage=False)
        for asked_s, place in zip((500.0, 5.0), places, strict=True)
    ] == [
        500,
        500,
    ]


async def test_an_answer_to_a_request_that_left_before_the_refusal_does_not_end_the_pause() -> None:
    clock, store = Clock(), open_store(None)
    requests = store.requests
    early, late = await requests.reserve(KEY, 9, clock), await requests.reserve(KEY, 9, clock)
    clock.move(1)
    await requests.refused(KEY, None, early.since, clock, is_outage=False)
    await requests.answered(KEY, late.since, clock)
    assert (await requests.reserve(KEY, 9, clock)).wait_s == 60


async def test_nor_does_it_where_the_pause_is_not_the_first() -> None:
    clock, store = Clock(), open_store(None)
    requests = store.requests
    await requests.refused(KEY, None, (await requests.reserve(KEY, 9, clock)).since, clock, is_outage=False)
    clock.move(60)
    early, late = await requests.reserve(KEY, 9, clock), await requests.reserve(KEY, 9, clock)
    clock.move(1)
    await requests.refused(KEY, None, early.since, clock, is_outage=False)
    await requests.answered(KEY, late.since, clock)
    assert (await requests.reserve(KEY, 9, clock)).wait_s == 120


async def test_a_pause_from_a_clock_that_was_set_back_keeps_its_length() -> None:
    clock, store = Clock(), open_store(None)
    wire = rate_limited(network(answer(status=429, retry_after="90"), answer()), store, clock)
    await statuses(wire, [get()])
    clock.move(-86_400 * 365)
    assert await statuses(wire, [get()]) == [429]
    clock.move(90)
    assert await statuses(wire, [get()]) == [200]


async def test_a_question_about_a_write_passes_over_an_outage_but_never_over_the_hourly_limit() -> None:
    for status, passed_over in ((503, None), (429, 90)):
        requests, clock, key = open_store(None).requests, Clock(), f"{KEY}{status}"
        sent = (await requests.reserve(key, 900, clock)).since
        assert await requests.refused(key, 90, sent, clock, is_outage=status == 503) == 90
        waits = [(await requests.reserve(key, 900, clock, in_outage=may)).wait_s for may in (False, True)]
        assert waits == [90, passed_over]
