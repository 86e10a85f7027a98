"""The event source mappings of a deployed stack."""

from local.aws.processed import Stack


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
