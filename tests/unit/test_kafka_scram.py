"""The salted password of a login: computed once for each password and salt, by whichever login comes first."""

import hashlib
import secrets
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from msk_toolkit.kafka.scram import Scram

ROUNDS = 4096


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The salts for which a password was hashed."""
    salts: list[bytes] = []
    real = hashlib.pbkdf2_hmac

    def noting(hash_name: str, password: bytes, salt: bytes, iterations: int) -> bytes:
        salts.append(salt)
        return real(hash_name, password, salt, iterations)

    monkeypatch.setattr(hashlib, "pbkdf2_hmac", noting)
    return salts


def final_message(salt: str, password: str) -> bytes:
    """What a client proves the password with; its end depends on the nonces."""
    exchange = Scram("user", password, "SCRAM-SHA-512")
    nonce = exchange.auth_bytes().rpartition(b"r=")[2]
    exchange.receive(b"r=%b,s=%b,i=%d" % (nonce + b"server", salt.encode(), ROUNDS))
    return bytes(exchange.auth_bytes())


def test_logins_at_once_with_one_salt_hash_the_password_once(computed: Sequence[bytes]) -> None:
    password, brokers = secrets.token_hex(8), 20
    together = threading.Barrier(brokers)

    def log_in(_: int) -> bytes:
        together.wait(10)
        return final_message("c2FsdA==", password)

    with ThreadPoolExecutor(brokers) as pool:
        assert len(set(pool.map(log_in, range(brokers)))) == brokers  # each has a nonce of its own
    assert len(computed) == 1


def test_another_salt_and_a_rotated_password_are_hashed_anew(computed: Sequence[bytes]) -> None:
    password = secrets.token_hex(8)
    for salt, word in (("c2FsdA==", password), ("YW5vdGhlcg==", password), ("c2FsdA==", f"{password}-2")):
        final_message(salt, word)
    assert list(computed) == [b"salt", b"another", b"salt"]


def test_a_number_of_rounds_that_no_hash_takes_fails_each_time(computed: Sequence[bytes]) -> None:
    for _ in range(2):
        exchange = Scram("user", "hush", "SCRAM-SHA-512")
        nonce = exchange.auth_bytes().rpartition(b"r=")[2]
        with pytest.raises(ValueError, match="iteration"):
            exchange.receive(b"r=%b,s=c2FsdA==,i=0" % nonce)
    assert len(computed) == 2
