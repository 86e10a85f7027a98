"""Schemas of events without a type in the toolkit: CloudFormation's requests, and events that are ignored."""

from typing import Any

Schema = dict[str, Any]

ANY_EVENT: Schema = {
    "title": "AnyEvent",
    "description": "The function ignores its content; a schedule's event and {} are equivalent.",
    "type": "object",
}
# As CloudFormation documents it for every custom resource.
_TEXT: Schema = {"type": "string", "minLength": 1}
CUSTOM_RESOURCE: Schema = {
    "title": "CustomResource",
    "description": "CloudFormation's request for Custom::DeclaredTopics; the response is sent to ResponseURL.",
    "type": "object",
    "properties": {
        "RequestType": {"enum": ["Create", "Update", "Delete"]},
        "ResponseURL": {**_TEXT, "description": "Signed: anyone who has it can respond. It is never logged."},
        "StackId": _TEXT,
        "RequestId": _TEXT,
        "LogicalResourceId": _TEXT,
        "PhysicalResourceId": {**_TEXT, "description": "Absent in a Create."},
        "ResourceProperties": {
            "type": "object",
            "properties": {
                "Topics": {
                    "description": "Replaces topics.yaml: its content, or its list of topics, with numbers as text.",
                    "anyOf": [{"type": "array", "items": {"type": "object"}}, {"type": "object"}],
                },
                "CodeVersion": {
                    "description": "ARN of the function's version: a new one applies a changed topics.yaml, and a "
                    "lower number indicates a rollback.",
                    **_TEXT,
                },
                "ServiceToken": _TEXT,
                "ServiceTimeout": _TEXT,
                **{
                    name: {"description": "Not read: a change applies the topics again.", **_TEXT}
                    for name in ("ClusterArn", "BootstrapServers", "AuthMode", "ClusterKind")
                },
            },
            "additionalProperties": False,
        },
    },
    "required": ["RequestType", "ResponseURL", "StackId", "RequestId", "LogicalResourceId"],
}
NO_REQUEST: Schema = {**ANY_EVENT, "not": {"required": ["ResponseURL"]}}
RELAYED_REQUEST: Schema = {
    **CUSTOM_RESOURCE,
    "title": "RelayedRequest",
    "description": "The same without ResponseURL, from the function that responds to CloudFormation.",
    "properties": {
        **{name: value for name, value in CUSTOM_RESOURCE["properties"].items() if name != "ResponseURL"},
        "AnswerWithinSeconds": {"type": "number", "minimum": 0},
        "RollsBack": {"type": ["boolean", "null"], "description": "Whether the stack rolls back; null if unknown."},
    },
    "required": [name for name in CUSTOM_RESOURCE["required"] if name != "ResponseURL"],
    "not": {"required": ["ResponseURL"]},
}
TOPICS_FUNCTION_NAME: Schema = {
    "type": "object",
    "properties": {"topicsFunction": {**_TEXT, "description": "Name of the function that it invokes."}},
    "required": ["topicsFunction"],
}
