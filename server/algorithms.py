"""Which algorithms the server offers (rule A4): tables only."""

from typing import Literal, TypedDict

Policy = Literal["default", "strict", "compatible"]


class Algorithms(TypedDict):
    """Arguments of that name for asyncssh; the client's order wins, ours only says what is possible.

    `signature_algs` are those of host keys, too.
    """

    kex_algs: list[str]
    encryption_algs: list[str]
    mac_algs: list[str]
    signature_algs: list[str]


# What ssh-audit 3.9 finds nothing in: of key exchanges that is the post-quantum one, which clients have since 2025.
_STRICT = Algorithms(
    kex_algs=["mlkem768x25519-sha256"],
    encryption_algs=[
        "aes256-gcm@openssh.com",
        "aes128-gcm@openssh.com",
        "aes256-ctr",
        "aes192-ctr",
        "aes128-ctr",
    ],
    mac_algs=["hmac-sha2-512-etm@openssh.com", "hmac-sha2-256-etm@openssh.com"],
    signature_algs=["ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"],
)

_DEFAULT = Algorithms(
    kex_algs=[
        *_STRICT["kex_algs"],
        "curve25519-sha256",
        "curve25519-sha256@libssh.org",
        "ecdh-sha2-nistp256",
        "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp521",
        "diffie-hellman-group16-sha512",
        "diffie-hellman-group14-sha256",
    ],
    encryption_algs=[
        *_STRICT["encryption_algs"],
        "chacha20-poly1305@openssh.com",
    ],
    mac_algs=[*_STRICT["mac_algs"], "hmac-sha2-512", "hmac-sha2-256"],
    signature_algs=[
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "rsa-sha2-512",
        "rsa-sha2-256",
    ],
)

# What HR systems of before 2016 need: SHA-1 key exchange and signatures, CBC. Never group1, 3DES, arcfour or MD5.
_COMPATIBLE = Algorithms(
    kex_algs=[
        *_DEFAULT["kex_algs"],
        "diffie-hellman-group-exchange-sha256",
        "diffie-hellman-group-exchange-sha1",
        "diffie-hellman-group14-sha1",
    ],
    encryption_algs=[*_DEFAULT["encryption_algs"], "aes256-cbc", "aes128-cbc"],
    mac_algs=[*_DEFAULT["mac_algs"], "hmac-sha1-etm@openssh.com", "hmac-sha1"],
    signature_algs=[*_DEFAULT["signature_algs"], "ssh-rsa"],
)

ALGORITHMS: dict[Policy, Algorithms] = {
    "default": _DEFAULT,
    "strict": _STRICT,
    "compatible": _COMPATIBLE,
}
