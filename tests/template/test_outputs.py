"""What one looks for at night is an output: the dashboard's address, and every log group."""

from tests.template.stack import raw_template, with_every_function

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
    assert [group for group in groups if "Ref" not in group] == [
        {"Fn::If": ["RotatesPassword", {"Ref": "ScramRotationLogs"}, {"Ref": "AWS::NoValue"}]}
    ]
    listed = ["ScramRotationLogs", *(group["Ref"] for group in groups if "Ref" in group)]
    assert sorted(listed) == sorted(with_every_function().names("AWS::Logs::LogGroup"))
    assert OUTPUTS["ForwarderLogs"]["Value"] == {"Ref": "ForwarderLogs"}
