"""What Lambda allows in one poller group: the provisioned mappings that share event poller units."""

from collections.abc import Sequence

# Lambda's API reference (ProvisionedPollerConfig), read on 2026-11-28.
GROUP_MAPPINGS = 100
GROUP_POLLERS = 2000


def poller_group_problems(maximums: Sequence[int]) -> list[str]:
    """What is wrong with a group of mappings, by the most pollers of each; empty where Lambda accepts it."""
    problems = []
    if len(maximums) > GROUP_MAPPINGS:
        problems.append(f"{len(maximums)} mappings, and Lambda allows at most {GROUP_MAPPINGS}")
    if sum(maximums) > GROUP_POLLERS:
        problems.append(f"up to {sum(maximums)} pollers in all, and Lambda allows at most {GROUP_POLLERS}")
    return problems
