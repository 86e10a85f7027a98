"""What kind of group it is, where nothing is committed, and how lag reads in the table."""

import pytest
from kafka.protocol.admin import ListGroupsResponse
from msk_toolkit.kafka.group_listing import GroupListing, listed_group
from msk_toolkit.probe.lag import GroupLag, why_nothing_is_committed
from msk_toolkit.probe.render import render_probe
from msk_toolkit.probe.results import Verdict
from msk_toolkit.stage import PRODUCER_STAGES

from tests.fakes.kafka_broker_fake import Asked, api_versions, replies, talking_to

LIST_GROUPS = 16


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("name", "kind", "detail"),
    [
        ("orders", "classic", "the group exists (classic) and has committed nothing"),
        ("new", "consumer", "the group exists (consumer) and has committed nothing"),
        ("table", "streams", "the group exists (streams) and has committed nothing"),
        ("queue", "share", "it is a share group, which commits no offsets"),
        ("odrers", None, "no group of this name that the user may see: check the name"),
    ],
)
def test_a_group_without_commits_is_told_by_its_kind(name: str, kind: str | None, detail: str) -> None:
    kinds = {"orders": "Classic", "new": "Consumer", "table": "Streams", "queue": "Share"}

    def groups(asked: Asked) -> ListGroupsResponse:
        listed = [
            ListGroupsResponse.ListedGroup(
                group_id=group, protocol_type="consumer", group_state="Stable", group_type=type_name
            )
            for group, type_name in kinds.items()
        ]
        return ListGroupsResponse(version=asked.version, throttle_time_ms=0, error_code=0, groups=listed)

    with talking_to(replies(api_versions(0, 5, api_key=LIST_GROUPS), groups)) as (connection, deadline):
        listing = listed_group(connection, name, deadline)
    seen = None if listing is None else listing.type
    assert listing in {None, GroupListing(str(kind), "Stable")}
    assert seen == (kind and kind.lower())
    assert why_nothing_is_committed(seen).startswith(detail)


def test_a_broker_that_does_not_tell_the_kind_still_tells_that_the_group_is_there() -> None:
    assert why_nothing_is_committed("").startswith("the group exists and has committed nothing")


def test_lag_stands_in_the_table() -> None:
    lags = [
        GroupLag("orders", 12, 3.6),
        GroupLag("idle", 0, 0.0),
        GroupLag("part", 4, None, "2 partitions have no leader in reach"),
        GroupLag("gone", detail="no group of this name"),
    ]
    table = render_probe(Verdict("healthy", "all is well"), [], PRODUCER_STAGES, lags)
    assert table.splitlines()[-4:] == [
        "group orders: 12 records behind, the oldest 4 s old",
        "group idle: 0 records behind",
        "group part: 4 records behind; 2 partitions have no leader in reach",
        "group gone: lag unknown: no group of this name",
    ]
