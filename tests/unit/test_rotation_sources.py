"""Vantiq's registered sources after a rotation: which ones get the new pair, and what a refusal of Vantiq's costs."""

from collections.abc import Iterator
from typing import Any

import pytest
from msk_toolkit.connect.login import Login
from msk_toolkit.connect.source_owner import MADE_HERE
from msk_toolkit.connect.vantiq_source import SourceOptions, source_configuration
from msk_toolkit.deadline import Deadline
from msk_toolkit.errors import VantiqError
from msk_toolkit.msk.credentials import ScramCredentials
from msk_toolkit.rotation.renewal import Renewed, renew_sources, resources_of
from msk_toolkit.settings.vantiq import VantiqSettings

from local.vantiq import VantiqStandIn, running_standin
from local.vantiq.faults import Fault

pytestmark = pytest.mark.enable_socket
BROKERS = "b-1.shop.example:9096,b-2.shop.example:9096"
FORMER, NEW = ScramCredentials("one", 'fo"rmer'), ScramCredentials("two", "n3w")


class Vantiq:
    """A stand-in with sources, and what a rotation does there."""

    def __init__(self, standin: VantiqStandIn) -> None:
        self.standin = standin
        self.define("secrets", name="MskPassword", description=MADE_HERE, secret="former")

    def get_secret_value(self, *, SecretId: str) -> dict[str, object]:  # noqa: N803
        return {"SecretString": self.standin.token}

    def define(self, kind: str, **instance: Any) -> None:
        self.standin.define(kind, instance)

    def source(self, name: str, *, brokers: str = BROKERS, active: bool = True, **options: Any) -> None:
        login = Login("scram", brokers, FORMER.username, FORMER.password)
        config = source_configuration(login, SourceOptions(name=name, topics=["orders"], **options))
        self.define("sources", name=name, type="KAFKA", config=config, active=active)

    def renew(self, *, overdue_only: bool = False) -> Renewed:
        settings = VantiqSettings(vantiq_url=self.standin.url, vantiq_token_secret_arn="token")
        with resources_of(settings, lambda _: self, Deadline(20)) as resources:
            return renew_sources(resources, BROKERS, NEW, [FORMER], overdue_only=overdue_only)

    def jaas(self, name: str) -> str:
        row = self.standin.look_up("sources", name)
        assert row is not None
        return str(row["config"]["sasl.jaas.config"])

    def secret(self, name: str = "MskPassword") -> str:
        row = self.standin.look_up("secrets", name)
        assert row is not None
        return str(row["secret"])

    def is_active(self, name: str) -> bool:
        row = self.standin.look_up("sources", name)
        assert row is not None
        return bool(row["active"])


@pytest.fixture
def vantiq() -> Iterator[Vantiq]:
    with running_standin() as standin:
        yield Vantiq(standin)


def test_a_registered_source_gets_the_new_user_and_its_secret_the_new_password(vantiq: Vantiq) -> None:
    vantiq.source("Orders")
    assert vantiq.renew() == (["Orders"], [])
    assert vantiq.jaas("Orders").endswith('username="two" password="@secrets(MskPassword)";')
    assert vantiq.secret() == "n3w"
    assert vantiq.is_active("Orders")


def test_a_source_whose_secret_holds_the_whole_login_keeps_its_configuration(vantiq: Vantiq) -> None:
    vantiq.source("Orders", secret_holds="login")
    assert vantiq.renew() == (["Orders"], [])
    assert vantiq.jaas("Orders") == "@secrets(MskPassword)"
    assert vantiq.secret().endswith('username="two" password="n3w";')


def test_a_password_in_the_configuration_is_replaced_where_it_is_the_former_one(vantiq: Vantiq) -> None:
    vantiq.source("Orders", inline_password=True)
    assert vantiq.renew() == (["Orders"], [])
    assert vantiq.jaas("Orders").endswith('username="two" password="n3w";')
    # Nothing is left to do.
    assert vantiq.renew() == ([], [])


def test_what_is_not_the_toolkits_is_left_alone(vantiq: Vantiq) -> None:
    vantiq.source("OfAnotherCluster", brokers="b-1.other.example:9096")
    vantiq.define("secrets", name="Theirs", secret="theirs")
    vantiq.source("WithTheirSecret", secret="Theirs")
    vantiq.define("sources", name="Rest", type="REMOTE", config={"uri": "https://x"}, active=True)
    vantiq.define("sources", name="Odd", type="KAFKA", config="text", active=True)
    before = [vantiq.jaas("OfAnotherCluster"), vantiq.jaas("WithTheirSecret"), vantiq.secret("Theirs")]
    assert vantiq.renew() == ([], [])
    assert [vantiq.jaas("OfAnotherCluster"), vantiq.jaas("WithTheirSecret"), vantiq.secret("Theirs")] == before


def test_a_source_that_was_off_stays_off(vantiq: Vantiq) -> None:
    vantiq.source("Orders", active=False)
    assert vantiq.renew() == (["Orders"], [])
    assert not vantiq.is_active("Orders")


def test_only_a_source_with_another_user_is_overdue(vantiq: Vantiq) -> None:
    vantiq.source("Orders")
    assert vantiq.renew(overdue_only=True) == (["Orders"], [])
    assert vantiq.renew(overdue_only=True) == ([], [])


def test_a_source_that_can_not_be_stopped_keeps_its_secret_and_the_others_are_renewed(vantiq: Vantiq) -> None:
    vantiq.source("Orders")
    vantiq.define("secrets", name="Second", description=MADE_HERE, secret="former")
    vantiq.source("Sensors", secret="Second")
    vantiq.standin.faults.add(Fault("status", status=500, method="PATCH", path="/api/v1/resources/sources/Orders"))
    renewed = vantiq.renew()
    assert renewed.sources == ["Sensors"]
    assert "source Orders: Vantiq, deactivating source Orders: refused with status 500" in renewed.problems[0]
    assert (vantiq.secret(), vantiq.secret("Second")) == ("former", "n3w")


def test_a_source_that_was_stopped_is_started_whatever_fails(vantiq: Vantiq) -> None:
    vantiq.source("Orders")
    vantiq.standin.faults.add(Fault("status", status=403, method="PUT", path="/api/v1/resources/secrets/MskPassword"))
    renewed = vantiq.renew()
    assert renewed.sources == []
    assert len(renewed.problems) == 1
    assert vantiq.is_active("Orders")
    assert 'username="one"' in vantiq.jaas("Orders")


def test_sources_that_can_not_be_looked_for_are_an_error(vantiq: Vantiq) -> None:
    vantiq.standin.faults.add(Fault("status", status=403, method="GET", path="/api/v1/resources/sources"))
    with pytest.raises(VantiqError, match="not allowed"):
        vantiq.renew()
