"""Last runs of the probes, as the matrix shows them: every status, long names, and a broker that says what it likes."""

from msk_toolkit.causes import remedy
from msk_toolkit.network.stages import StageResult
from msk_toolkit.probe.last_run import LastRun, ProbeRun
from msk_toolkit.probe.results import BrokerReport
from msk_toolkit.probe.verdict import STAGES, judge_brokers

WRITTEN, READ = STAGES[:-1], (*STAGES[:6], "fetch", "commit")


def host(broker: int) -> str:
    """As long as MSK makes them."""
    return f"b-{broker}.orders-production.a1b2c3.c12.kafka.eu-central-1.amazonaws.com:9096"


def _passed(stage: str) -> StageResult:
    return StageResult(stage, "ok", 3.2, 5000)


def _told(stage: str, status: str, cause: str, detail: str) -> StageResult:
    result = StageResult(stage, "ok", 9.0, 5000, cause, detail, remedy(cause, stage))
    return StageResult(**{**{name: getattr(result, name) for name in result.__struct_fields__}, "status": status})


def healthy_broker(broker: int, stages: tuple[str, ...] = WRITTEN) -> BrokerReport:
    """Every stage passes."""
    return BrokerReport(broker, host(broker), [_passed(stage) for stage in stages])


def stopped_broker(broker: int, stages: tuple[str, ...] = WRITTEN) -> BrokerReport:
    """Nobody listens."""
    refused = _told("tcp", "failed", "connection-refused", 'said <b onclick="x()">"no"</b> & <script>alert(1)</script>')
    return BrokerReport(
        broker,
        host(broker),
        [
            _passed("dns"),
            refused,
            *(StageResult(stage, "skipped", detail="an earlier one failed") for stage in stages[2:]),
        ],
    )


def warning_broker(broker: int) -> BrokerReport:
    """All passes, and its certificate ends soon."""
    soon = _told("tls", "warn", "tls-expires-soon", "the certificate expires in 3 days")
    return BrokerReport(broker, host(broker), [_passed("dns"), _passed("tcp"), soon, *map(_passed, WRITTEN[3:])])


def run_of(*brokers: BrokerReport) -> ProbeRun:
    """What a probe logs of them."""
    return ProbeRun(judge_brokers(brokers), list(brokers))


def shown_runs() -> list[LastRun]:
    """One of each: a fresh one with a fault, a stale one, and none."""
    return [
        LastRun("Producer probe", run_of(healthy_broker(1), stopped_broker(2), warning_broker(3)), 40.0),
        LastRun("Consumer probe", run_of(healthy_broker(1, READ)), 3 * 3600.0),
        LastRun("Another probe", why="no result in the last 48 hours; see the log <x>"),
    ]
