"""Stage ``sasl``: the login on an open connection, with the broker's own reason when it refuses."""

from collections.abc import Callable
from typing import Any

from kafka.net.sasl.msk import SaslMechanismAwsMskIam
from kafka.protocol.sasl import SaslAuthenticateRequest, SaslHandshakeRequest

from msk_toolkit.causes import Cause
from msk_toolkit.errors import ConfigurationError, StageError
from msk_toolkit.kafka.access import Access, BrokerAddress
from msk_toolkit.kafka.error_codes import ErrorCode, error_name, shown
from msk_toolkit.kafka.scram import Scram
from msk_toolkit.stage import Stage


def log_in(address: BrokerAddress, access: Access, send: Callable[[Any], Any]) -> None:
    """Log in over a connection whose requests go through ``send``.

    Raises:
        StageError: ``mechanism-not-offered``, ``authentication-failed``, ``iam-denied``, ``server-not-authentic``.
        ConfigurationError: IAM, and no AWS credentials to sign the login with.
    """
    if not access.username.isascii():
        detail = "the user name is not ASCII, which Kafka's SCRAM does not accept"
        raise StageError(Stage.SASL, Cause.AUTHENTICATION_FAILED, str(address), detail)
    _choose_mechanism(address, access.mechanism, send)
    exchange = _exchange(address, access)
    while not exchange.is_done():
        answer = send(SaslAuthenticateRequest(version=1, auth_bytes=_message(exchange, access)))
        if answer.error_code:
            raise _refused_login(address, access, answer)
        _receive(exchange, answer, address)


def _choose_mechanism(address: BrokerAddress, mechanism: str | None, send: Callable[[Any], Any]) -> None:
    answer = send(SaslHandshakeRequest(version=1, mechanism=mechanism))
    match answer.error_code:
        case ErrorCode.NONE:
            return
        case ErrorCode.UNSUPPORTED_SASL_MECHANISM:
            cause = Cause.MECHANISM_NOT_OFFERED
            detail = f"the listener does not offer {mechanism}; it offers: {_offered(answer)}"
        case ErrorCode.ILLEGAL_SASL_STATE:
            cause, detail = Cause.MECHANISM_NOT_OFFERED, "the listener does not accept SASL"
        case error_code:
            cause, detail = Cause.BROKER_ERROR, f"SaslHandshake answered {error_name(error_code)}"
    raise StageError(Stage.SASL, cause, str(address), detail)


def _offered(answer: Any) -> str:
    return shown(", ".join(answer.mechanisms or ())) or "none"


def _refused_login(address: BrokerAddress, access: Access, answer: Any) -> StageError:
    cause = Cause.IAM_DENIED if access.auth_mode == "iam" else Cause.AUTHENTICATION_FAILED
    reason = shown(answer.error_message or error_name(answer.error_code))
    return StageError(Stage.SASL, cause, str(address), f"the broker refused the login: {reason}")


def _receive(exchange: Any, answer: Any, address: BrokerAddress) -> None:
    try:
        exchange.receive(bytes(answer.auth_bytes or b""))
    except (ValueError, LookupError, TypeError):
        # Not chained: what the peer sent in a failed exchange does not belong into a log.
        detail = "the broker's response does not match the password"
        raise StageError(Stage.SASL, Cause.SERVER_NOT_AUTHENTIC, str(address), detail) from None


def _exchange(address: BrokerAddress, access: Access) -> Any:
    if access.auth_mode == "iam":
        return SaslMechanismAwsMskIam(host=address.host, security_protocol="SASL_SSL")
    # kafka-python puts the name into the message as it stands; RFC 5802 wants these two escaped.
    username = access.username.replace("=", "=3D").replace(",", "=2C")
    return Scram(username, access.password, access.mechanism or "")


def _message(exchange: Any, access: Access) -> Any:
    try:
        return exchange.auth_bytes()
    except Exception as error:
        if access.auth_mode != "iam":
            raise
        # kafka-python looks for credentials and Region by itself, and all of botocore's errors come through it; where
        # there are none it is an AttributeError. That is no broker's fault, and no other broker would do.
        problem = (
            f"the login with IAM can't be signed ({type(error).__name__}): it needs AWS credentials, which a function "
            "in Lambda has from its role, and AWS_DEFAULT_REGION; on your own machine log in to AWS or set AWS_PROFILE"
        )
        raise ConfigurationError("AWS", [problem]) from error
