"""Which listener the pollers take: Lambda's own choice, reported by connect and judged by diagnose."""

import pytest
from msk_toolkit.diagnose.listeners import poller_ports
from msk_toolkit.diagnose.mapping import MappingFacts, mapping_findings
from msk_toolkit.msk.auth_modes import auth_modes
from msk_toolkit.msk.description import ClusterDescription, DeclaredAuth
from msk_toolkit.msk.listeners import Listener, Protocol, listeners
from msk_toolkit.msk.pollers import PollerListener, poller_listener, protocols_inside
from msk_toolkit.settings.cluster import AuthMode

from tests.fakes.networks import BROKERS_SIDE, LAST, group, open_facts, pollers, rule

UNKNOWN = DeclaredAuth()
ALL: set[Protocol] = {"plaintext", "tls", "scram", "iam"}


@pytest.mark.parametrize(
    ("mode", "declared", "offered", "protocol", "port"),
    [
        # With a secret, or with IAM as the stack's own mode, there is no choice.
        ("scram", UNKNOWN, ALL, "scram", 9096),
        ("iam", UNKNOWN, ALL, "iam", 9098),
        # Without one: the strongest that is on.
        ("none", UNKNOWN, ALL, "iam", 9098),
        ("tls", UNKNOWN, ALL, "iam", 9098),
        ("none", UNKNOWN, {"plaintext", "tls", "scram"}, "tls", 9094),
        ("tls", UNKNOWN, {"plaintext", "tls"}, "tls", 9094),
        ("none", UNKNOWN, {"plaintext"}, "plaintext", 9092),
        # The listeners decide over what is declared, which decides where they are not known.
        ("none", DeclaredAuth(iam=True), {"plaintext"}, "plaintext", 9092),
        ("tls", DeclaredAuth(iam=True), None, "iam", 9098),
        ("tls", DeclaredAuth(iam=False), None, "tls", 9094),
    ],
)
def test_lambda_takes_the_strongest_login_that_is_on(
    mode: AuthMode, declared: DeclaredAuth, offered: set[Protocol] | None, protocol: Protocol, port: int
) -> None:
    listener = poller_listener(mode, declared, offered)
    assert (listener.protocol, listener.port, listener.sure) == (protocol, port, True)


@pytest.mark.parametrize(("mode", "declared"), [("none", UNKNOWN), ("tls", UNKNOWN), ("none", DeclaredAuth(iam=False))])
def test_where_nobody_knows_the_clusters_logins_the_choice_is_not_sure(mode: AuthMode, declared: DeclaredAuth) -> None:
    assert not poller_listener(mode, declared).sure


def test_listeners_outside_the_vpc_do_not_count() -> None:
    answer = {"BootstrapBrokerString": "b-1:9092", "BootstrapBrokerStringPublicSaslIam": "b-1-public:9198"}
    assert protocols_inside(listeners(answer)) == {"plaintext"}
    assert protocols_inside(None) is None


def test_connect_says_that_the_pollers_take_another_listener_than_the_mode() -> None:
    brokers = listeners({"BootstrapBrokerStringTls": "b-1:9094", "BootstrapBrokerStringSaslIam": "b-1:9098"})
    cluster = ClusterDescription(arn="arn", name="demo", declared_auth=DeclaredAuth(iam=True))
    uses = {mode.mode: mode.forwarder for mode in auth_modes(cluster, brokers)}
    assert "the mappings' pollers use iam on 9098" in uses["tls"].reason
    assert (uses["tls"].usable, uses["tls"].known) == (True, False)
    alone = auth_modes(cluster, listeners({"BootstrapBrokerStringTls": "b-1:9094"}))
    assert [mode.forwarder.reason for mode in alone if mode.mode == "tls"] == ["AuthMode tls"]


@pytest.mark.parametrize(("takes", "port"), [("iam", 9098), ("tls", 9094)])
def test_diagnose_judges_the_port_that_the_pollers_take(takes: Protocol, port: int) -> None:
    # Of its ports the brokers' group opens only the toolkit's own to itself.
    own = rule("sgr-1", "sg-b", 9092, 9092, "sg-b")
    alone = group("sg-b", own, rule("sgr-2", "sg-b", 0, LAST, "0.0.0.0/0", egress=True))
    facts = open_facts(groups={**(open_facts().groups or {}), "sg-b": alone})
    judged = pollers("none", takes=takes, ports=[port])
    findings = mapping_findings(facts, BROKERS_SIDE, judged, MappingFacts(denied=[]))
    assert [(finding.code, finding.ports) for finding in findings if finding.severity == "error"] == [
        ("ingress-closed", (port,))
    ]
    (note,) = [finding.text for finding in findings if finding.code == "poller-listener"]
    assert note.startswith(f"the pollers use {takes} on {port}")


def test_what_is_not_known_of_the_listener_is_a_note() -> None:
    judged = pollers("tls", takes="tls", sure=False)
    findings = mapping_findings(open_facts(), BROKERS_SIDE, judged, MappingFacts(denied=[]))
    assert [(finding.code, finding.severity) for finding in findings] == [("poller-listener", "note")]


def test_the_pollers_ports_are_those_that_msk_names_and_not_those_that_were_set() -> None:
    iam = PollerListener("iam")
    named = [Listener("vpc", "iam", [9098, 9198], "b-1:9098,b-2:9198"), Listener("public", "iam", [9999], "p:9999")]
    assert poller_ports([], named, iam) == (9098, 9198)
    assert poller_ports([], [], iam) == (9098,)
    assert poller_ports([], None, iam) == (9098,)
