"""Last runs of the probes, as the matrix shows them: every status, long names, and a broker that says what it likes."""

from msk_toolkit.causes import Cause, remedy
from msk_toolkit.network.stages import StageResult, StageStatus
from msk_toolkit.probe.last_run import LastRun, ProbeRun
from msk_toolkit.probe.results import BrokerReport
from msk_toolkit.probe.verdict import judge_brokers
from msk_toolkit.stage import CONSUMER_STAGES, PRODUCER_STAGES, Stage

WRITTEN, READ = PRODUCER_STAGES, CONSUMER_STAGES


def host(broker: int) -> str:
    """As long as MSK makes them."""
    return f"b-{broker}.orders-production.a1b2c3.c12.kafka.eu-central-1.amazonaws.com:9096"


def _passed(stage: Stage) -> StageResult:
    return StageResult(stage, "ok", 3.2, 5000)


def _result(stage: Stage, status: StageStatus, cause: Cause, detail: str) -> StageResult:
    return StageResult(stage, status, 9.0, 5000, cause, detail, remedy(cause, stage))


def healthy_broker(broker: int, stages: tuple[Stage, ...] = WRITTEN) -> BrokerReport:
    """Every stage passes."""
    return BrokerReport(broker, host(broker), [_passed(stage) for stage in stages])


def stopped_broker(broker: int, stages: tuple[Stage, ...] = WRITTEN) -> BrokerReport:
    """Nobody listens."""
    refused = _result(
        Stage.TCP, "failed", Cause.CONNECTION_REFUSED, 'said <b onclick="x()">"no"</b> & <script>alert(1)</script>'
    )
    return BrokerReport(
        broker,
        host(broker),
        [
            _passed(Stage.DNS),
            refused,
            *(StageResult(stage, "skipped", detail="an earlier one failed") for stage in stages[2:]),
        ],
    )


def warning_broker(broker: int) -> BrokerReport:
    """All passes, and its certificate ends soon."""
    soon = _result(Stage.TLS, "warn", Cause.TLS_EXPIRES_SOON, "the certificate expires in 3 days")
    return BrokerReport(
        broker, host(broker), [_passed(Stage.DNS), _passed(Stage.TCP), soon, *map(_passed, WRITTEN[3:])]
    )


def run_of(*brokers: BrokerReport) -> ProbeRun:
    """What a probe logs of them."""
    return ProbeRun(judge_brokers(brokers), list(brokers))


def shown_runs() -> list[LastRun]:
    """One of each: a fresh one with a fault, a stale one, and none."""
    return [
        LastRun("Producer probe", run_of(healthy_broker(1), stopped_broker(2), warning_broker(3)), 40.0),
        LastRun("Consumer probe", run_of(healthy_broker(1, READ)), 3 * 3600.0),
        LastRun("Another probe", why="not yet run, or not in the last 48 hours; see the log <x>"),
    ]
