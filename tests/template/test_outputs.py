"""What one looks for at night is an output: the dashboard's address, and every log group."""

from tests.template.stack import Stack, raw_template

OUTPUTS = raw_template()["Outputs"]


def test_the_dashboards_address_is_that_of_its_region_and_partition() -> None:
    address, values = OUTPUTS["DashboardUrl"]["Value"]["Fn::Sub"]
    assert address == (
        "https://${Console}/cloudwatch/home?region=${AWS::Region}#dashboards/dashboard/${ProbesDashboard}"
    )
    assert values == {"Console": {"Fn::FindInMap": ["Partition", {"Ref": "AWS::Partition"}, "Console"]}}
    consoles = raw_template()["Mappings"]["Partition"]
    assert consoles["aws"]["Console"] == "console.aws.amazon.com"
    assert {"aws", "aws-cn", "aws-us-gov"} <= consoles.keys()


def test_every_log_group_of_the_stack_is_listed() -> None:
    separator, groups = OUTPUTS["LogGroups"]["Value"]["Fn::Join"]
    assert separator == ","
    # Each once: whoever splits the list reads no log twice.
    assert sorted(group["Ref"] for group in groups) == sorted(Stack().names("AWS::Logs::LogGroup"))
    assert OUTPUTS["ForwarderLogs"]["Value"] == {"Ref": "ForwarderLogs"}
