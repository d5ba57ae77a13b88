import pytest
from asyncssh.encryption import get_encryption_algs
from asyncssh.kex import get_kex_algs
from asyncssh.mac import get_mac_algs
from asyncssh.public_key import get_public_key_algs

from server.algorithms import ALGORITHMS, Algorithms, Policy

FIELDS = ("kex_algs", "encryption_algs", "mac_algs", "signature_algs")


def names(algorithms: Algorithms) -> set[str]:
    return {
        *algorithms["kex_algs"],
        *algorithms["encryption_algs"],
        *algorithms["mac_algs"],
        *algorithms["signature_algs"],
    }


@pytest.mark.parametrize("policy", ["default", "strict", "compatible"])
def test_a04_every_algorithm_exists(policy: Policy) -> None:
    known = {*get_kex_algs(), *get_encryption_algs(), *get_mac_algs(), *get_public_key_algs()}
    assert names(ALGORITHMS[policy]) <= {name.decode() for name in known}


@pytest.mark.parametrize("policy", ["default", "strict"])
def test_a04_nothing_old_is_offered_by_default(policy: Policy) -> None:
    old = [
        name
        for name in names(ALGORITHMS[policy])
        if "sha1" in name or "cbc" in name or "md5" in name or "arcfour" in name or name == "ssh-rsa"
    ]
    assert old == []


def test_a04_each_policy_holds_the_stricter_one() -> None:
    strict, default, compatible = (names(ALGORITHMS[p]) for p in ("strict", "default", "compatible"))
    assert strict < default < compatible


def test_a04_the_default_has_at_least_what_the_contract_names() -> None:
    assert names(ALGORITHMS["default"]) >= {
        "curve25519-sha256",
        "ecdh-sha2-nistp256",
        "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp521",
        "diffie-hellman-group14-sha256",
        "diffie-hellman-group16-sha512",
        "mlkem768x25519-sha256",
        "aes128-gcm@openssh.com",
        "aes256-gcm@openssh.com",
        "chacha20-poly1305@openssh.com",
        "aes128-ctr",
        "aes256-ctr",
        "hmac-sha2-256",
        "hmac-sha2-512",
        "hmac-sha2-256-etm@openssh.com",
        "hmac-sha2-512-etm@openssh.com",
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
        "rsa-sha2-256",
        "rsa-sha2-512",
    }


def test_a04_not_even_compatible_offers_what_is_broken() -> None:
    assert not [
        name
        for name in names(ALGORITHMS["compatible"])
        if "group1-" in name or "3des" in name or "arcfour" in name or "md5" in name or name == "ssh-dss"
    ]
