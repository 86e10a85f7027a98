"""What ``mskv init`` writes is what SAM reads."""

import tomllib

from samcli.cli.types import CfnParameterOverridesType

from mskv.init.configuration import samconfig
from mskv.init.proposals import Proposal


def test_values_with_spaces_and_lists_reach_sam_whole() -> None:
    proposals = [Proposal("ProducerProbeSchedule", "rate(5 minutes)", "why"), Proposal("SubnetIds", "a, b", "why")]
    document = tomllib.loads(samconfig("", "default", "s", "eu-central-1", proposals))
    values = document["default"]["deploy"]["parameters"]["parameter_overrides"]
    read = CfnParameterOverridesType().convert(values, None, None)
    assert read == {"ProducerProbeSchedule": "rate(5 minutes)", "SubnetIds": "a,b"}
