"""``python -m local break`` and ``heal``: one fault of the local system by its name, and the end of all of them."""

from collections.abc import Callable, Mapping

from local.faults import FaultError, Faults
from local.kafka.settings import BROKER_IDS
from local.system import VANTIQ, System

FAULTS: Mapping[str, str] = {
    "broker": "stop broker N",
    "vantiq": "stop Vantiq",
    "token": "let Vantiq refuse the forwarder's token",
    "poison": "write a record that Vantiq refuses",
    "mapping": "disable the event source mapping",
    "password": "rotate the SCRAM password in the secret only",
    "topic": "change a topic's setting by hand",
}
_HINT = "See what it does: mskv status --local -w    End it: mskv local heal"


def break_part(system: System, fault: str, broker: int | None, topic: str) -> str:
    """Cause a fault; returns a sentence about it, and what to do next.

    Args:
        fault: a key of ``FAULTS``.
        broker: only with the fault of that name.
        topic: the one whose mapping or setting is changed, and to which the record is written.

    Raises:
        FaultError: there is no such broker, topic or mapping, or Vantiq does not answer.
    """
    if (fault == "broker") != (broker is not None):
        raise FaultError("a number belongs to broker, and to nothing else: break broker 2")
    if broker is not None and broker not in BROKER_IDS:
        raise FaultError(f"there is no broker {broker}, only {', '.join(map(str, BROKER_IDS))}")
    _check_topic(system, topic)
    faults = Faults(system, topic)
    causes: dict[str, Callable[[], str]] = {
        "broker": lambda: faults.stop_broker(broker or 0),
        "vantiq": faults.stop_vantiq,
        "token": faults.refuse_token,
        "poison": faults.write_poison,
        "mapping": faults.disable_mapping,
        "password": faults.rotate_password,
        "topic": faults.change_topic,
    }
    return f"{causes[fault]()}\n{_HINT}"


def heal(system: System) -> list[str]:
    """End every fault; returns a sentence for each part that was broken.

    Raises:
        FaultError: a part does not become as it was.
    """
    done: list[str] = []
    faults = Faults(system, forwarded_topics(system)[-1])
    running = system.kafka.running_brokers()
    done += [faults.start_broker(broker) for broker in BROKER_IDS if broker not in running]
    if VANTIQ not in system.ledger.running():
        done.append(faults.start_vantiq())
    faults.forgive_poison()
    if not faults.knows_password():
        done.append(faults.store_password())
    if not faults.knows_token():
        done.append(faults.store_token())
    for source in system.stack.event_sources():
        of_topic = Faults(system, source.properties["Topics"][0])
        if of_topic.states()["mapping"] == "off":
            done.append(of_topic.enable_mapping())
    plan = system.function("TopicsFunction").invoke({"action": "plan"})["plan"]["steps"]
    if any(step["action"] != "unchanged" for step in plan):
        done.append(faults.apply_topics())
    return done


def forwarded_topics(system: System) -> list[str]:
    """The topics of the stack's parameter, as the mappings read them."""
    return [topic.strip() for topic in system.stack.parameters["ForwardTopics"].split(",") if topic.strip()]


def _check_topic(system: System, topic: str) -> None:
    topics = forwarded_topics(system)
    if topic not in topics:
        raise FaultError(f"the stack does not forward {topic}, only {', '.join(topics)}")
