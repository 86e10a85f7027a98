"""The event source mappings of a deployed stack, and its functions' limits."""

from local.aws.processed import Stack

FUNCTION = "AWS::Lambda::Function"


def test_resolves_the_mappings_that_exist() -> None:
    stack = Stack(
        name="toolkit",
        stack_id="arn:aws:cloudformation:eu-central-1:000000000000:stack/toolkit/1",
        template={
            "Parameters": {"Mode": {"Type": "String"}},
            "Conditions": {"Never": {"Fn::Equals": [{"Ref": "Mode"}, "never"]}},
            "Resources": {
                "Forward": {
                    "Type": "AWS::Lambda::EventSourceMapping",
                    "Properties": {
                        "FunctionName": {"Fn::GetAtt": ["Forwarder", "Arn"]},
                        "Topics": [{"Fn::Sub": "${AWS::StackName}-${AWS::Region}"}],
                        "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["Bucket", "Arn"]}}},
                    },
                },
                "Forwarder": {"Type": "AWS::Lambda::Function"},
                "Bucket": {"Type": "AWS::S3::Bucket"},
                "Other": {"Type": "AWS::Lambda::EventSourceMapping", "Condition": "Never"},
            },
        },
        parameters={"Mode": "on-demand"},
        outputs={},
        physical_ids={"Forward": "uuid-1", "Forwarder": "toolkit-forwarder", "Bucket": "toolkit-bucket"},
        types={
            "Forward": "AWS::Lambda::EventSourceMapping",
            "Forwarder": "AWS::Lambda::Function",
            "Bucket": "AWS::S3::Bucket",
        },
    )
    (source,) = stack.event_sources()
    assert (source.logical_id, source.mapping_id) == ("Forward", "uuid-1")
    assert source.properties == {
        "FunctionName": "arn:aws:lambda:eu-central-1:000000000000:function:toolkit-forwarder",
        "Topics": ["toolkit-eu-central-1"],
        "DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::toolkit-bucket"}},
    }


def test_tells_the_limits_of_the_functions_that_have_one() -> None:
    limited = {"Fn::If": ["Limited", {"Ref": "Concurrency"}, {"Ref": "AWS::NoValue"}]}
    functions: dict[str, dict[str, object]] = {
        "Fixed": {"ReservedConcurrentExecutions": 1, "Layers": [{"Fn::Unknown": ""}]},
        "Chosen": {"ReservedConcurrentExecutions": limited},
        "Free": {},
    }

    def limits(concurrency: str) -> dict[str, int]:
        return Stack(
            name="toolkit",
            stack_id="arn:aws:cloudformation:eu-central-1:000000000000:stack/toolkit/1",
            template={
                "Parameters": {"Concurrency": {"Type": "Number"}},
                "Conditions": {"Limited": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Concurrency"}, 0]}]}},
                "Resources": {name: {"Type": FUNCTION, "Properties": each} for name, each in functions.items()},
            },
            parameters={"Concurrency": concurrency},
            outputs={},
            physical_ids={name: f"toolkit-{name.lower()}" for name in functions},
            types=dict.fromkeys(functions, FUNCTION),
        ).concurrency_limits()

    assert limits("0") == {"toolkit-fixed": 1}
    assert limits("3") == {"toolkit-fixed": 1, "toolkit-chosen": 3}
