"""How to confirm each cause of the path from the mapping to Vantiq; with its row it makes a section of docs/runbook.md."""

# ruff: noqa: E501 - commands to copy stay on one line

from msk_toolkit.path_causes import PathCause

_LOG = "`mskv logs forwarder --since 1h`: the warning `delivery incomplete` has the reason."
_TARGET = """`sam remote invoke ConnectFunction --event '{"action": "check"}'` reports each target as fit or unfit, with its fix."""
_MAPPING = "`mskv mapping` shows state and last result of each mapping; `mskv why` explains them."
_TOPIC_SETTINGS = "`kafka-configs.sh --bootstrap-server HOST:PORT --command-config client.properties --describe --entity-type topics --entity-name TOPIC`"

CONFIRM_PATH: dict[str, str] = {
    "vantiq-token-refused": f'{_LOG} `curl -s -o /dev/null -w "%{{http_code}}" -H "Authorization: Bearer $TOKEN" VANTIQ_URL/api/v1/resources/topics?limit=1` prints 401 for the same token.',
    "vantiq-token-unreadable": f"{_LOG} `aws secretsmanager describe-secret --secret-id ARN`.",
    "vantiq-forbidden": f"{_LOG} {_TARGET}",
    "vantiq-target-missing": f"{_LOG} {_TARGET}",
    "target-unfit": _TARGET,
    "vantiq-unavailable": _LOG,
    "vantiq-throttled": f"{_LOG} `throttled_seconds` in its lines is the time that the forwarder waited.",
    "vantiq-name-not-resolved": f"{_LOG} `dig HOST` in the functions' subnets.",
    "vantiq-unreachable": f"{_LOG} VPC Reachability Analyzer from a network interface of the forwarder to the NAT gateway or peering, on VantiqPort.",
    "vantiq-tls-failed": f"{_LOG} `openssl s_client -connect HOST:PORT -servername HOST </dev/null | openssl x509 -noout -dates -issuer -ext subjectAltName`.",
    "vantiq-no-answer": f"{_LOG} `longest_post_ms` in its lines is the longest time of a request.",
    "vantiq-answer-invalid": f"{_LOG} `curl -si VANTIQ_URL | head` from the functions' subnets shows who answers.",
    "proxy-unreachable": f"{_LOG} It names the proxy and the stage (`dns` or `tcp`); `dig PROXY` in the functions' subnets, and VPC Reachability Analyzer from a network interface of the forwarder to the proxy's.",
    "proxy-login-refused": f"{_LOG} `curl -sv -o /dev/null -x http://PROXY:PORT -U USER VANTIQ_URL` shows the proxy's 407 for the same credentials.",
    "proxy-secret-unreadable": f"{_LOG} `aws secretsmanager describe-secret --secret-id ARN`.",
    "proxy-refuses-vantiq": f"{_LOG} `curl -sv -o /dev/null -x http://PROXY:PORT VANTIQ_URL` shows the proxy's status for CONNECT.",
    "proxy-cannot-reach-vantiq": f"{_LOG} `curl -s -o /dev/null -w '%{{http_code}}' VANTIQ_URL` on the proxy's machine; the proxy's own log.",
    "proxy-no-answer": f"{_LOG} `curl -sv -o /dev/null -x http://PROXY:PORT VANTIQ_URL` in the functions' subnets shows what answers.",
    "vantiq-refuses-records": f"{_LOG} `mskv letters show TOPIC/PARTITION/OFFSET` shows Vantiq's own text; with OnRefusal=block the record is in the log only.",
    "schema-registry-unavailable": f"{_LOG} `curl -si SCHEMA_REGISTRY/schemas/ids/1 | head -1` from the functions' subnets; for Glue `aws glue get-schema-version --schema-version-id ID`.",
    "schema-registry-denied": f"{_LOG} `curl -si -u USER:PASSWORD SCHEMA_REGISTRY/schemas/ids/1 | head -1` prints 401 or 403; for Glue the role of the forwarder needs `glue:GetSchemaVersion`.",
    "schema-unfit": "`mskv letters show TOPIC/PARTITION/OFFSET` shows code and schema ID: `schema-unknown` (another registry, or a deleted schema), `schema-mismatch` (the bytes are none of the schema's), `schema-unsupported`, `schema-limit`.",
    "forwarder-fails": "`mskv logs forwarder --since 1h` shows the error of each invocation.",
    "forwarder-too-slow": f"{_LOG} Compare `received`, `posts` and `longest_post_ms`.",
    "letters-not-stored": _LOG,
    "mapping-missing": "`mskv mapping` lists the mappings with their topics.",
    "mapping-disabled": f"{_MAPPING} CloudTrail's `UpdateEventSourceMapping` shows who disabled it.",
    "mapping-cannot-log-in": _MAPPING,
    "mapping-cannot-connect": _MAPPING,
    "mapping-failing": _MAPPING,
    "lag-grows": "`mskv lag -w` shows records and seconds behind; `mskv status` shows the rates of each topic.",
    "records-expire": f"{_TOPIC_SETTINGS} shows `retention.ms` and `retention.bytes`; `mskv lag TOPIC` shows how old the oldest waiting record is.",
    "letters-waiting": "`mskv letters` lists them by topic, partition and reason.",
    "given-up-unread": "`mskv logs redrive --since 1h`: the field `stopped` has the reason. The schedule in EventBridge Scheduler must be ENABLED.",
    "heartbeat-late": "`mskv lag` for the probe topic; the producer probe's own verdict (`mskv probe`) says whether heartbeats are written.",
    "topics-drifted": "`mskv topics check` names each topic, what is declared, and what the cluster has.",
    "topics-not-restored": "The stack's output `TopicsStatus`, and `mskv topics check`.",
    "topics-unchecked": "`mskv logs topics --since 3h`; the schedule in EventBridge Scheduler must be ENABLED.",
    "probe-silent": "`mskv logs --since 1h`; the schedule in EventBridge Scheduler must be ENABLED.",
    "scram-not-rotated": "`mskv logs scram-rotation --since 2h`: the error `rotation failed` names the step and each broker that refused the login; "
    "`aws secretsmanager describe-secret --secret-id ARN` shows which version is AWSCURRENT, and whether AWSPENDING is left on another one; "
    "CloudTrail's `RotationFailed` has Secrets Manager's own reason where the function was not invoked.",
    "sources-not-renewed": "`mskv logs scram-rotation --since 2h`: the error `sources of Vantiq not renewed` names each source and why.",
    "alarm-mail-failing": "`aws cloudwatch describe-alarms --state-value ALARM --query '*[].[AlarmName,StateUpdatedTimestamp]'`; the log group `/aws/lambda/STACK-alarm-mail`; "
    "`aws lambda get-policy --function-name STACK-alarm-mail` must allow `sns.amazonaws.com` to invoke it.",
}


def path_section(cause: PathCause) -> list[str]:
    """The section's lines."""
    return [
        *(f"## {cause}", "", f"**Meaning:** {cause.meaning} **Owner:** {cause.owner}.", ""),
        *(f"**Confirm:** {CONFIRM_PATH[cause]}", "", f"**Fix:** {cause.remedy}", ""),
        *("```sh", cause.command, "```", ""),
    ]
