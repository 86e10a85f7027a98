"""One run: ask and decide, causes before their effects."""

from collections.abc import Mapping

from mskv.aws.functions import read_function
from mskv.aws.observe import read_alarms, read_log_groups, read_mappings, read_subscriptions
from mskv.aws.send import send_test_mail
from mskv.facts import Function, Invocation, Stack, Unavailable
from mskv.verify.check import Check, failed, not_tried
from mskv.verify.decisions.alarms import ALARM_TYPES, alarm_checks, cost_checks, mail_check, sent_mail_check
from mskv.verify.decisions.answers import letters_check, network_checks, probe_check, topics_check, vantiq_check
from mskv.verify.decisions.mappings import mapping_checks
from mskv.verify.decisions.stack import function_checks, stack_checks
from mskv.verify.events import EVENTS, vantiq_event
from mskv.verify.record import MarkedRecords
from mskv.verify.tools import Consent, Functions, Tools

_FUNCTION_TYPE = "AWS::Lambda::Function"
_FORWARDER = "ForwarderFunction"


def verify(stack: Stack, tools: Tools, consent: Consent) -> list[Check]:
    """Every check; what writes is only done with the user's consent."""
    functions = read_functions(stack, tools)
    invocations = {name: _invoke(functions[name], EVENTS[name], tools) for name in EVENTS if name in functions}
    answered = {name: invocation for name, invocation in invocations.items() if invocation}
    vantiq = _invoke(functions.get("ConnectFunction"), vantiq_event(stack), tools)
    return [
        *stack_checks(stack),
        *function_checks(stack, functions, answered),
        topics_check(answered.get("TopicsFunction")),
        probe_check("producer", answered.get("ProducerProbeFunction")),
        probe_check("consumer", answered.get("ConsumerProbeFunction")),
        vantiq_check(stack, vantiq),
        *network_checks(answered.get("DiagnoseFunction")),
        *_mappings(stack, tools),
        *_records(stack, functions, tools, consent),
        letters_check(answered.get("RedriveFunction")),
        *_alarms(stack, tools),
        *_mail(stack, tools, consent),
        *_costs(stack, functions, tools),
    ]


def read_functions(stack: Stack, tools: Tools) -> Functions:
    """The stack's functions by their logical ids."""
    tools.progress.say("reading the stack's functions")
    names = stack.physical_ids(_FUNCTION_TYPE)
    return {logical: read_function(tools.client, logical, name) for logical, name in names.items()}


def _invoke(function: Function | Unavailable | None, event: Mapping[str, object], tools: Tools) -> Invocation | None:
    if not isinstance(function, Function):
        return None
    tools.progress.say(f"invoking {function.logical_id} (up to {function.timeout:.0f} s)")
    return tools.invoker.invoke(function, dict(event))


def _mappings(stack: Stack, tools: Tools) -> list[Check]:
    tools.progress.say("reading the event source mappings")
    forwarder = stack.physical_ids(_FUNCTION_TYPE).get(_FORWARDER)
    if forwarder is None:
        return [failed("mappings", "all", "the stack has no forwarder", "deploy the template again")]
    return mapping_checks(stack, read_mappings(tools.client, forwarder))


def _records(stack: Stack, functions: Functions, tools: Tools, consent: Consent) -> list[Check]:
    records, checks = MarkedRecords(stack, functions, tools, consent.wait), []
    if consent.write:
        checks += records.record(consent.write)
    else:
        checks.append(not_tried("record", "to Vantiq", "--write TOPIC was not used"))
    if consent.refused_record:
        checks += records.refusal(consent.refused_record, delete=consent.delete_letter)
    else:
        checks.append(not_tried("refusal", "dead letter", "--refused-record TOPIC was not used"))
    return checks


def _alarms(stack: Stack, tools: Tools) -> list[Check]:
    tools.progress.say("reading the alarms")
    names = list(stack.physical_ids(*ALARM_TYPES).values())
    return alarm_checks(names, read_alarms(tools.client, names))


def _mail(stack: Stack, tools: Tools, consent: Consent) -> list[Check]:
    topic = stack.outputs.get("AlarmTopic")
    if not topic:
        return [
            failed("mail", "subscription", "the stack has no output AlarmTopic", "deploy this version of the template")
        ]
    subscriptions = read_subscriptions(tools.client, topic)
    checks = [mail_check(stack, subscriptions)]
    if consent.test_mail:
        tools.progress.say("sending a test message")
        checks.append(sent_mail_check(subscriptions, send_test_mail(tools.writer, topic, stack.name)))
    else:
        checks.append(not_tried("mail", "test message", "--test-mail was not used"))
    return checks


def _costs(stack: Stack, functions: Functions, tools: Tools) -> list[Check]:
    tools.progress.say("reading the log groups")
    known = [function for function in functions.values() if isinstance(function, Function)]
    groups = read_log_groups(tools.client, f"/aws/lambda/{stack.name}-")
    if not isinstance(groups, Unavailable):
        # Another stack's name may begin like this one's.
        own = {function.log_group for function in known}
        groups = [group for group in groups if group.name in own]
    return cost_checks(stack, known, groups)
