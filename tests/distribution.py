"""How `make test` runs tests side by side: what shares a system stays together, and what takes long comes first."""

from collections.abc import Mapping, Sequence

from local.ports import CANDIDATES

# With two processors: brokers and deployed stacks mostly wait, so that two of the four can compute.
WORKERS = 4

# Tests by the beginning of their ids, and the group that one worker runs from its beginning to its end: these share
# what takes long to bring up. In this order; each other file is a group of its own, behind these.
GROUPS: Mapping[str, Sequence[str]] = {
    # Each has a system of its own: one of those whose faults are real, one of the others, with its containers, and one
    # in which everything breaks at once.
    "drills": ("tests/e2e/test_fault_drills.py",),
    "system": ("tests/e2e/", "tests/integration/test_container_image.py"),
    "chaos": ("tests/chaos/",),
    # A cluster each: one of those whose brokers are stopped, starved and denied, one of the others.
    "disturbed brokers": (
        "tests/integration/test_diagnose_on_kafka.py",
        "tests/integration/test_faults_",
        "tests/integration/test_local_kafka.py",
        "tests/integration/test_probes_",
        "tests/integration/test_topics_disturbed.py",
    ),
    "brokers": (
        "tests/integration/test_connect_",
        "tests/integration/test_lag_on_kafka.py",
        "tests/integration/test_local_kafka_start.py",
        "tests/integration/test_marked_record_on_kafka.py",
        "tests/integration/test_offsets_on_kafka.py",
        "tests/integration/test_old_formats_on_kafka.py",
        "tests/integration/test_packed_records_on_kafka.py",
        "tests/integration/test_record_filter_on_kafka.py",
        "tests/integration/test_redrive_",
        "tests/integration/test_rotation_on_kafka.py",
        "tests/integration/test_schemas_on_kafka.py",
        "tests/integration/test_self_managed_on_kafka.py",
        "tests/integration/test_tombstones_on_kafka.py",
        "tests/integration/test_topics_",
        "tests/integration/test_two_pollers_on_kafka.py",
        "tests/integration/test_upgrade_on_aws.py",
    ),
    # Three brokers of another version.
    "newest": ("tests/integration/test_newest_kafka.py",),
    # An emulator each.
    "emulators": (
        "tests/integration/test_alarm_mails_on_aws.py",
        "tests/integration/test_forwarder_",
        "tests/integration/test_local_a",
        "tests/integration/test_soak_short.py",
    ),
    "torture": ("tests/torture/",),
    "builds": ("tests/template/test_built_artifact.py", "tests/template/test_left_out.py"),
    # Every stack that can be deployed is computed once.
    "contract of the template": ("tests/template/contract/",),
    "browser": ("tests/browser/",),
}
_FILE = len(GROUPS)
_WAITING = ("tests/integration", "tests/e2e", "tests/chaos", "tests/torture")


def group_of(nodeid: str) -> str:
    """The group of a test, which is its file's path where :data:`GROUPS` names none."""
    for group, beginnings in GROUPS.items():
        if nodeid.startswith(tuple(beginnings)):
            return group
    return nodeid.partition("::")[0]


def rank(nodeid: str) -> int:
    """Where the group of a test stands in the order of their starts."""
    return {group: number for number, group in enumerate(GROUPS)}.get(group_of(nodeid), _FILE)


def workers_for(arguments: Sequence[str], processors: int) -> int:
    """How many workers are worth their start, for the files, tests and folders that pytest was given.

    None for files and single tests; more than there are processors only where tests wait.
    """
    if any(".py" in argument for argument in arguments):
        return 0
    return WORKERS if holds_waiting_tests(arguments) else min(WORKERS, processors)


def holds_waiting_tests(arguments: Sequence[str]) -> bool:
    """Whether one of these folders holds tests with brokers, or others that wait most of their time."""
    return any(folder.startswith(argument.rstrip("/")) for folder in _WAITING for argument in arguments)


def ports_of(worker: int) -> str:
    """A worker's part of the ports, as ``local/ports.py`` reads it."""
    count = len(CANDIDATES) // WORKERS
    first = CANDIDATES.start + worker % WORKERS * count
    return f"{first}-{first + count - 1}"
