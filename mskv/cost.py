"""What ``mskv cost`` reads of a stack, and what it prints."""

from mskv import exits
from mskv.access import Access, open_access
from mskv.aws.metrics import count_alarm_metrics, count_metrics
from mskv.cost_model import PRICES, Deployed, Line, month, runs_a_month
from mskv.facts import Unavailable
from mskv.output import Result, aligned
from mskv.place import Place
from mskv.progress import Progress

_SCHEDULES = {
    "producer": "ProducerProbeSchedule",
    "consumer": "ConsumerProbeSchedule",
    "topics": "DriftCheckSchedule",
    "targets": "DriftCheckSchedule",
    "status": "ConsumerProbeSchedule",
}
_SECRETS = ("ScramSecretArn", "VantiqTokenSecretArn")


def estimated(place: Place, progress: Progress) -> Result:
    """What the stack costs a month while no record flows."""
    access = open_access(place, progress)
    progress.say("counting metrics and alarms")
    lines = month(_deployed(access))
    total = sum(line.usd or 0 for line in lines)
    rows = [["PART", "USD/MONTH", "CALCULATION"], *map(_row, lines), ["sum", f"{total:.2f}", f"prices: {PRICES}"]]
    data = {"month": [line._asdict() for line in lines], "usd": round(total, 2), "prices": PRICES}
    return Result(data, aligned(rows), exits.OK)


def _deployed(access: Access) -> Deployed:
    stack = access.stack
    parameters = stack.parameters
    functions = set(stack.physical_ids("AWS::Lambda::Function").values())
    metrics = count_metrics(access.client, functions)
    alarms = list(stack.physical_ids("AWS::CloudWatch::Alarm").values())
    alarm_metrics = count_alarm_metrics(access.client, alarms)
    return Deployed(
        metrics=None if isinstance(metrics, Unavailable) else metrics,
        alarm_metrics=len(alarms) if isinstance(alarm_metrics, Unavailable) else alarm_metrics,
        composites=len(stack.physical_ids("AWS::CloudWatch::CompositeAlarm")),
        runs={name: runs_a_month(parameters.get(parameter, "")) for name, parameter in _SCHEDULES.items()},
        secrets=sum(bool(parameters.get(name)) for name in _SECRETS),
        provisioned=parameters.get("PollerMode") == "provisioned",
        traced=parameters.get("Tracing") == "Active",
    )


def _row(line: Line) -> list[str]:
    return [line.part, "-" if line.usd is None else f"{line.usd:.2f}", line.calculation]
