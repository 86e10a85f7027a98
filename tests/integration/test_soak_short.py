"""A short soak: functions invoked while warm hold no more memory, sockets, threads and descriptors than before.

`make soak-functions` runs 10,000 invocations of each.
"""

from collections.abc import Iterator, Sequence

import pytest

from benchmarks.soak import MAX_GROWN_MB, Soaked, endpoint, environment, events, soak

pytestmark = pytest.mark.enable_socket
INVOCATIONS = 20
# Each start of a function takes a second. The others have the same clients of AWS and Vantiq, or need brokers.
FUNCTIONS = ("forwarder", "redrive", "alarm_mail")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """AWS and Vantiq."""
    with endpoint(None) as port:
        yield port


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_warm_function_does_not_grow(name: str, port: int) -> None:
    soaked = soak(name, events(port)[name], INVOCATIONS, environment(port, None))
    assert soaked.problems() == []


def _soaked(resource: str, values: Sequence[float]) -> Soaked:
    held = {"resident": 60.0, "threads": 1.0, "descriptors": 7.0, "sockets": 3.0}
    return Soaked("f", 100, [held | {resource: value} for value in values], {}, 1.0, "")


@pytest.mark.parametrize("resource", ["threads", "descriptors", "sockets"])
def test_one_more_of_what_is_counted_is_growth(resource: str) -> None:
    assert _soaked(resource, [3] * 10).problems() == []
    assert _soaked(resource, [3, 3, 3, 3, 4, 4, 4, 4, 4, 4]).problems() == [f"{resource} grew from 3 to 4"]


def test_memory_that_grows_is_told_and_that_of_a_single_sample_is_not() -> None:
    grown = 60 + MAX_GROWN_MB + 0.1
    assert _soaked("resident", [60.0] * 6 + [grown] * 4).problems() == ["memory grew from 60.0 to 62.1 MB"]
    assert _soaked("resident", [60.0] * 9 + [grown]).problems() == []


def test_an_invocation_that_raises_is_a_problem() -> None:
    soaked = _soaked("threads", [1] * 10)._replace(raised={"ValueError: no": 2})
    assert soaked.problems() == ["raised 2 times: ValueError: no"]
