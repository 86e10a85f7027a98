"""SCRAM with the password salted once: 4,096 rounds of a hash are a third of what a login costs.

All brokers of a cluster store one salt for a user, so that one computation serves every login of the process.
"""

import functools
import hashlib
import threading

from kafka.net.sasl.scram import SaslMechanismScram, ScramClient

# Kafka stores at most 16,384 rounds (ScramMechanism in its source); each 4,096 take 3 ms of a whole core.
MOST_ROUNDS = 50_000
# A rotated password, and a cluster whose user was made anew, have another one each.
_KEPT = 4


class Scram(SaslMechanismScram):  # type: ignore[misc]  # kafka-python has no types
    """kafka-python's client of the exchange."""

    def __init__(self, username: str, password: str, mechanism: str) -> None:
        super().__init__(
            sasl_plain_username=username,
            sasl_plain_password=password,
            sasl_mechanism=mechanism,
            security_protocol="SASL_SSL",
        )
        self._scram_client = _Client(username, password, mechanism)


class _Client(ScramClient):  # type: ignore[misc]  # the same
    def create_salted_password(self, salt: bytes, iterations: int) -> None:
        if iterations > MOST_ROUNDS:
            raise ValueError("too many rounds")
        self.salted_password = _password(self.hashname, self.password, salt, iterations).salted


class _SaltedPassword:
    """Computed by the first login that needs it; others wait for it, and none for another salt's."""

    def __init__(self, hash_name: str, password: bytes, salt: bytes, iterations: int) -> None:
        self._compute = functools.partial(hashlib.pbkdf2_hmac, hash_name, password, salt, iterations)
        self._lock = threading.Lock()
        self._salted: bytes | None = None

    @property
    def salted(self) -> bytes:
        with self._lock:
            if self._salted is None:
                self._salted = self._compute()
            return self._salted


_password = functools.lru_cache(maxsize=_KEPT)(_SaltedPassword)
