"""Facts about whole paths: one that works, one with several faults at once, one of which nothing is known yet."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msk_toolkit.aws.mappings import MappingState
from msk_toolkit.causes import Cause, remedy
from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.last_run import LastRun
from msk_toolkit.probe.results import BrokerReport
from msk_toolkit.stage import CONSUMER_STAGES, PRODUCER_STAGES, Stage
from msk_toolkit.status.facts import (
    AlarmFact,
    CheckLine,
    Deliveries,
    DeliveryLine,
    Fact,
    FailingSince,
    GroupReading,
    LetterCount,
    LetterFacts,
    PathFacts,
    PlaceCounts,
    PlaceFailure,
    SetAsideLine,
    StackFacts,
)

from tests.fakes.probe_runs import healthy_broker, host, run_of

# 2026-11-28T03:00:00Z
NOW = 1795834800.0
ORDERS, SENSORS = "orders", "sensor-readings"
TOKEN_REFUSED = "Vantiq answered 401 for topic:/msk/orders"
DRIFT = "drift in 1 of 3 declared topics: orders: configuration, partitions"
NOT_YET = "no line in the last 2 hours"

STACK = StackFacts(
    name="msk-vantiq",
    region="eu-central-1",
    option="--stack msk-vantiq --region eu-central-1",
    topics=[ORDERS, SENSORS],
    group_prefix="msk-vantiq-",
    logs={
        name: f"/aws/lambda/msk-vantiq-{name}"
        for name in ("forwarder", "producer-probe", "consumer-probe", "topics", "connect")
    },
)


def delivered(at: float, place: str, number: int = 10) -> DeliveryLine:
    """An invocation that delivered all it got."""
    return DeliveryLine(at, {place: PlaceCounts(number, number)})


def failed(at: float, place: str, cause: str = "vantiq-token-refused", kind: str = "outage") -> DeliveryLine:
    """An invocation that delivered nothing."""
    return DeliveryLine(at, {place: PlaceCounts(10)}, [PlaceFailure(place, kind, cause, TOKEN_REFUSED)])


def mapping(topic: str, **fields: Any) -> MappingState:
    """An enabled mapping, but for these fields."""
    state = MappingState(
        id=f"3f9d6e4a-{topic}",
        topics=[topic],
        state="Enabled",
        reason="USER_INITIATED",
        result="OK",
        provisioned=False,
        modified=NOW - 86_400,
    )
    return msgspec.structs.replace(state, **fields)


def readings(records: int, seconds: float, ends: tuple[int, int] = (9_400, 10_000)) -> list[GroupReading]:
    """A group as two runs of the probe saw it, five minutes apart."""
    return [
        GroupReading(NOW - 360, records, max(0.0, seconds - 300), ends[0] - records, ends[0], 6),
        GroupReading(NOW - 60, records, seconds, ends[1] - records, ends[1], 6),
    ]


def healthy_facts() -> PathFacts:
    """Everything works, and was looked at lately."""
    written = run_of(*map(healthy_broker, (1, 2, 3)))
    read = run_of(*(healthy_broker(broker, CONSUMER_STAGES) for broker in (1, 2, 3)))
    lines = [delivered(NOW - 40, f"{ORDERS}-0", 240), delivered(NOW - 2, f"{SENSORS}-4", 600)]
    return PathFacts(
        now=NOW,
        stack=STACK,
        probes=[LastRun("Producer probe", written, 120.0), LastRun("Consumer probe", read, 60.0)],
        deliveries=Fact(Deliveries(lines, since=NOW - 7200)),
        groups=Fact({f"msk-vantiq-{ORDERS}": readings(0, 0.0), f"msk-vantiq-{SENSORS}": readings(12, 0.4)}),
        mappings=Fact({ORDERS: mapping(ORDERS), SENSORS: mapping(SENSORS)}),
        letters=Fact(LetterFacts()),
        declared=Fact(CheckLine(NOW - 660, "no drift: all 3 declared topics match")),
        targets=Fact(CheckLine(NOW - 1200, "targets: 2 fit, 0 unfit, 0 unknown")),
        alarms=Fact([AlarmFact("msk-vantiq-forwarder", is_on=False), AlarmFact("msk-vantiq-probes", is_on=False)]),
    )


def stopped_broker() -> BrokerReport:
    """Nothing listens at broker 2."""
    detail = "Connection refused"
    stages = [
        StageResult(Stage.DNS, "ok", 3.2),
        StageResult(
            *(Stage.TCP, "failed", 9.0, 5000, Cause.CONNECTION_REFUSED, detail),
            remedy(Cause.CONNECTION_REFUSED, Stage.TCP),
        ),
    ]
    skipped = [StageResult(stage, "skipped", detail="an earlier one failed") for stage in PRODUCER_STAGES[2:]]
    return BrokerReport(2, host(2), [*stages, *skipped])


def faulty_facts() -> PathFacts:
    """A broker is stopped, the token is refused, a mapping is disabled, letters wait, a topic was changed by hand."""
    written = run_of(healthy_broker(1), stopped_broker(), healthy_broker(3))
    lines = [
        delivered(NOW - 542, f"{ORDERS}-0"),
        *(failed(NOW - 540 + 40 * number, f"{ORDERS}-0") for number in range(14)),
    ]
    groups: Mapping[str, list[GroupReading]] = {
        f"msk-vantiq-{ORDERS}": readings(4_211, 420.0, (100_000, 103_600)),
        f"msk-vantiq-{SENSORS}": readings(120_004, 900.0, (400_000, 502_000)),
    }
    off = mapping(SENSORS, state="Disabled", modified=NOW - 950)
    return msgspec.structs.replace(
        healthy_facts(),
        probes=[LastRun("Producer probe", written, 120.0), LastRun("Consumer probe", written, 60.0)],
        failing={"Producer probe": {"2": FailingSince(NOW - 720)}},
        deliveries=Fact(Deliveries(lines, since=NOW - 7200)),
        groups=Fact(groups),
        mappings=Fact({ORDERS: mapping(ORDERS, result="PROBLEM: Function call failed"), SENSORS: off}),
        letters=Fact(LetterFacts([LetterCount(ORDERS, 2, NOW - 900, NOW - 890)])),
        refusals=Fact(
            [SetAsideLine(NOW - 890, f"{ORDERS}-0", 1017, "refused", 400, "io.vantiq.type.property.invalid")]
        ),
        declared=Fact(CheckLine(NOW - 660, DRIFT, well=False)),
        alarms=Fact(
            [
                AlarmFact("msk-vantiq-forwarder", True, NOW - 420, "Records do not reach Vantiq; they wait in Kafka."),
                AlarmFact("msk-vantiq-probes", is_on=False),
            ]
        ),
    )


def unknown_facts() -> PathFacts:
    """A stack that has just been deployed: no function has run yet, and the alarms may not be read."""
    why = "no result in the last 48 hours"
    return PathFacts(
        now=NOW,
        stack=STACK,
        probes=[LastRun("Producer probe", why=why), LastRun("Consumer probe", why=why)],
        deliveries=Fact(Deliveries(since=NOW - 7200)),
        groups=Fact({}),
        mappings=Fact({ORDERS: mapping(ORDERS, state="Creating"), SENSORS: mapping(SENSORS, state="Creating")}),
        letters=Fact(LetterFacts()),
        declared=Fact(why=NOT_YET),
        targets=Fact(why=NOT_YET),
        alarms=Fact(why="cloudwatch:DescribeAlarms: access denied; allow it for the function's role"),
    )
