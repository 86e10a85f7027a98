"""The links into AWS's console, in each partition, as the console itself writes them."""

import pytest
from msk_toolkit.alarms.links import alarm_link, dashboard_link, log_link
from msk_toolkit.alarms.text import duration, plain, subject_line


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "eu-central-1", "eu-central-1.console.aws.amazon.com"),
        ("aws-cn", "cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_a_link_is_of_its_region_and_partition(partition: str, region: str, host: str) -> None:
    start = f"https://{host}/cloudwatch/home?region={region}#"
    assert alarm_link(partition, region, "shop-forwarder") == f"{start}alarmsV2:alarm/shop-forwarder"
    assert dashboard_link(partition, region, "shop") == f"{start}dashboards/dashboard/shop"
    link = log_link(partition, region, "/aws/lambda/shop-forwarder", start=1.5, end=2.5, pattern="?ERROR")
    # Encoded twice, with $ for %, as the address bar shows it after a search.
    assert link == (
        f"{start}logsV2:log-groups/log-group/$252Faws$252Flambda$252Fshop-forwarder/log-events"
        "$3FfilterPattern$3D$253FERROR$26start$3D1500$26end$3D2500"
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (45.4, "45 s"), (119, "119 s"), (360, "6 min"), (12_000, "3 h 20 min"), (187_200, "2 d 4 h")],
)
def test_a_length_of_time_is_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_control_and_direction_characters_become_spaces() -> None:
    assert plain("a\x1b[31m\r\nb\u202ec\u0000d\ud800") == "a [31m b c d"


def test_a_subject_is_ascii_of_at_most_a_hundred_characters() -> None:
    assert subject_line("Schl\u00fcssel\n\u65e5\u672c") == "Schl?ssel ??"
    assert len(subject_line("x" * 300)) == 100
    assert subject_line("\n") == "Alarm"
