"""Schemas of events without a type in the toolkit: CloudFormation's requests, and events that are ignored."""

from typing import Any

from msk_toolkit.deployment.targets import RESOURCE_TYPE
from msk_toolkit.topics.known_properties import KNOWN_PROPERTIES

Schema = dict[str, Any]

ANY_EVENT: Schema = {
    "title": "AnyEvent",
    "description": "The function ignores its content; a schedule's event and {} are equivalent.",
    "type": "object",
}
# As CloudFormation documents it for every custom resource.
_TEXT: Schema = {"type": "string", "minLength": 1}
# CloudFormation sends numbers as text, and a parameter that was left empty as an empty text.
_PARAMETER: Schema = {
    "description": "A change applies the topics again; checked before a topic is changed.",
    "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
}
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
            },
            "propertyNames": {"enum": list(KNOWN_PROPERTIES)},
            "additionalProperties": _PARAMETER,
        },
    },
    "required": ["RequestType", "ResponseURL", "StackId", "RequestId", "LogicalResourceId"],
}
CHECKED_TARGETS: Schema = {
    **CUSTOM_RESOURCE,
    "title": "CheckedTargets",
    "description": f"CloudFormation's request for {RESOURCE_TYPE}: connect checks the forwarder's targets.",
    "properties": {
        **CUSTOM_RESOURCE["properties"],
        "ResourceType": {"const": RESOURCE_TYPE},
        "ResourceProperties": {"type": "object", "description": "Not read: a change has the targets checked again."},
    },
    "required": [*CUSTOM_RESOURCE["required"], "ResourceType"],
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
