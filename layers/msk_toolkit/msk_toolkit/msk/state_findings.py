"""What a cluster's state and kind mean for whoever wants to connect: a pure decision."""

from msk_toolkit.msk.description import ClusterDescription
from msk_toolkit.msk.findings import Finding

_SUBJECT = "cluster"


def state_findings(cluster: ClusterDescription) -> list[Finding]:
    """What the cluster's state and kind mean for whoever wants to connect."""
    findings = _findings_of_the_state(cluster) + _findings_of_the_owners_action(cluster)
    if len(cluster.broker_node_types) > 1:
        text = (
            "is being upgraded from Standard to Express brokers and has both: brokers are replaced until the upgrade "
            "is complete"
        )
        findings.append(Finding("warning", _SUBJECT, text))
    if cluster.kind == "serverless":
        text = (
            "is serverless and accepts IAM as its only login: as far as is known, Vantiq's own Kafka source cannot use "
            "it, so let the toolkit's forwarder bring the records to Vantiq, with AuthMode iam"
        )
        findings.append(Finding("warning", _SUBJECT, text))
    return findings


def _findings_of_the_state(cluster: ClusterDescription) -> list[Finding]:
    reason = ""
    if cluster.state_reason:
        reason = f" ({cluster.state_reason})"
    match cluster.state:
        case "ACTIVE" | None:
            return []
        case "CREATING":
            text = "is still CREATING: it has no brokers to connect to before it is ACTIVE, after 15 to 40 minutes"
            return [Finding("error", _SUBJECT, text)]
        case "DELETING" | "FAILED":
            return [Finding("error", _SUBJECT, f"is {cluster.state}{reason}: nothing can connect to it")]
        case state:
            text = f"is {state}{reason}: it works, but a broker may be unavailable for some minutes"
            return [Finding("warning", _SUBJECT, text)]


def _findings_of_the_owners_action(cluster: ClusterDescription) -> list[Finding]:
    where = "the API does not say which: see the cluster in MSK's console and the AWS Health Dashboard"
    match cluster.customer_action:
        case "CRITICAL_ACTION_REQUIRED":
            text = f"requires an action by its owner (CustomerActionStatus CRITICAL_ACTION_REQUIRED); {where}"
            if cluster.state not in (None, "ACTIVE"):
                text += f"; waiting alone may not end {cluster.state}"
            return [Finding("error", _SUBJECT, text)]
        case "ACTION_RECOMMENDED":
            text = f"has a recommended action for its owner (CustomerActionStatus ACTION_RECOMMENDED); {where}"
            return [Finding("warning", _SUBJECT, text)]
        case _:
            return []
