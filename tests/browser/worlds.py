"""Worlds that the console's pages are opened over."""

import msgspec
from msk_toolkit.probe.last_run import LastRun
from msk_toolkit.status.facts import Fact, LetterCount, LetterFacts

from local.console.mails import Mail
from tests.fakes.console_world import MARKUP, World, group, plan
from tests.fakes.path_facts import NOW, ORDERS, SENSORS, faulty_facts, healthy_facts, unknown_facts


def healthy() -> World:
    """Records flow and nothing is wrong."""
    return World(healthy_facts(), {ORDERS: (12.0, 12.0), SENSORS: (340.0, 340.0)}, [])


def faulty() -> World:
    """A refused token, a disabled mapping, a stopped broker, letters, drift, an alarm with its mail; some hostile."""
    facts = faulty_facts()
    letters = Fact(LetterFacts([LetterCount(ORDERS, 2, NOW - 900, NOW - 890)]))
    world = World(
        msgspec.structs.replace(facts, letters=letters),
        {ORDERS: (12.0, 0.0), SENSORS: (340.0, 0.0)},
        [group(), group(1, MARKUP, "")],
    )
    world.faults |= {"broker": "off", "token": "off", "mapping": "off"}
    world.plan = plan(differs=True)
    world.mails = [Mail("1.txt", NOW, f"Subject: DOWN: orders does not arrive\n\n{MARKUP}\n")]
    world.status["problems"][0]["detail"] = MARKUP
    return world


def young() -> World:
    """Just started: nothing has run or been measured."""
    facts = unknown_facts()
    why = "not yet run, or not in the last 48 hours; see the log /aws/lambda/msk-vantiq-producer-probe"
    probes = [LastRun("Producer probe", why=why), LastRun("Consumer probe", why=why)]
    return World(msgspec.structs.replace(facts, probes=probes), {}, [])
