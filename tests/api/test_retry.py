import pytest

from isic_cli.api.retry import Attempts, Fault, RetryPolicy, parse_retry_after


def longest(low: float, high: float) -> float:
    return high


def waits(
    fault: Fault, times: int, *, idempotent: bool = True, retries: int = 5
) -> list[float | None]:
    attempts = Attempts(RetryPolicy(retries=retries), idempotent=idempotent, uniform=longest)
    return [attempts.wait_after(fault) for _ in range(times)]


@pytest.mark.parametrize("kind", ["unsent", "lost", "cut"])
def test_a_lost_answer_is_asked_for_again_with_doubling_waits(kind: str) -> None:
    assert waits(Fault(kind), 6) == [0.5, 1.0, 2.0, 4.0, 8.0, None]  # type: ignore[arg-type]  # parametrised


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_passing_status_is_tried_again(status: int) -> None:
    assert waits(Fault("status", status), 3, retries=2) == [0.5, 1.0, None]


def test_500_gets_two_more_tries_only() -> None:
    assert waits(Fault("status", 500), 3) == [0.5, 1.0, None]


def test_500s_are_counted_apart_from_other_faults() -> None:
    attempts = Attempts(RetryPolicy(), uniform=longest)
    faults = [Fault("lost"), Fault("lost"), Fault("status", 500), Fault("status", 500)]
    assert [attempts.wait_after(fault) for fault in faults] == [0.5, 1.0, 2.0, 4.0]
    assert attempts.wait_after(Fault("status", 500)) is None
    assert attempts.failed == 5


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 501])
def test_a_lasting_status_is_not_tried_again(status: int) -> None:
    assert waits(Fault("status", status), 1) == [None]


def test_a_fatal_fault_is_not_tried_again() -> None:
    assert waits(Fault("fatal"), 1) == [None]


@pytest.mark.parametrize(
    ("fault", "wait"),
    [
        (Fault("unsent"), 0.5),
        (Fault("status", 429), 0.5),
        (Fault("status", 503), 0.5),
        (Fault("status", 500), None),
        (Fault("status", 502), None),
        (Fault("status", 504), None),
        (Fault("lost"), None),
        (Fault("cut"), None),
    ],
)
def test_a_write_is_sent_again_only_when_it_was_not_worked_on(
    fault: Fault, wait: float | None
) -> None:
    assert waits(fault, 1, idempotent=False) == [wait]


def test_no_retries_means_one_attempt() -> None:
    assert waits(Fault("unsent"), 1, retries=0) == [None]


def test_the_wait_is_drawn_from_the_whole_span() -> None:
    seen: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        seen.append((low, high))
        return 0.25

    attempts = Attempts(RetryPolicy(retries=9, ceiling=3.0), uniform=uniform)
    assert [attempts.wait_after(Fault("lost")) for _ in range(5)] == [0.25] * 5
    assert seen == [(0.0, 0.5), (0.0, 1.0), (0.0, 2.0), (0.0, 3.0), (0.0, 3.0)]


def test_the_server_is_given_at_least_the_time_it_asks_for() -> None:
    assert waits(Fault("status", 429, retry_after=7.0), 3) == [7.5, 8.0, 8.0]


def test_a_server_that_asks_for_too_long_a_wait_is_not_waited_for() -> None:
    assert waits(Fault("status", 503, retry_after=120.0), 1) == [120.5]
    assert waits(Fault("status", 503, retry_after=121.0), 1) == [None]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        (" 12 ", 12.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 90.0),
        ("Thu, 01 Jan 1970 00:00:05 GMT", 0.0),
        ("-3", None),
        ("soon", None),
        ("1e3", None),
        ("Thu, 01 Jan 1970 00:01:40 -9999", None),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", None),
        ("٣", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert parse_retry_after(header, now=10.0) == seconds


def test_a_retry_after_date_is_counted_from_the_present() -> None:
    assert parse_retry_after("Fri, 31 Dec 1999 23:59:59 GMT") == 0.0
    far = parse_retry_after("Fri, 31 Dec 2999 23:59:59 GMT")
    assert far is not None
    assert far > 1e9
