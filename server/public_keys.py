"""Public keys that customers and support send (rule A1): read from a file, shown by their fingerprints."""

import asyncssh

from core.errors import UsageError

LEAST_RSA_BITS = 2048
ALGORITHMS = ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")
MANY_BYTES = 64 * 1024


class PublicKey:
    """One public key."""

    def __init__(self, key: asyncssh.SSHKey) -> None:
        self._key = key

    @property
    def text(self) -> str:
        """The key as in authorized_keys, without a comment: the form that is kept and compared."""
        return text_of(self._key)

    @property
    def comment(self) -> str:
        """Whose it is, as the file says; without what could steer a terminal."""
        comment = self._key.get_comment() or ""
        return "".join(character for character in comment if character.isprintable())[:200]

    @property
    def fingerprint(self) -> str:
        """`SHA256:...`, as ssh-keygen -l shows it."""
        return self._key.get_fingerprint("sha256")

    @property
    def md5(self) -> str:
        """`MD5:...`, as older clients show it."""
        return self._key.get_fingerprint("md5")

    @property
    def algorithm(self) -> str:
        """Its type."""
        return self._key.get_algorithm()


def text_of(key: asyncssh.SSHKey) -> str:
    """Return the algorithm and the key in base64."""
    return " ".join(key.export_public_key("openssh").decode("ascii").split()[:2])


def parse_public_key(data: bytes) -> PublicKey:
    """Rule A1: read one public key in the form of OpenSSH or RFC 4716.

    Raises:
        UsageError: it is none, or a private one, or one that is too weak or of a kind that is not taken.
    """
    if b"PRIVATE KEY" in data[:MANY_BYTES]:
        raise UsageError(
            "This is a private key: it should never leave its owner. Ask for the public one (often named *.pub)."
        )
    lines = [line for line in data.splitlines() if line.strip() and not line.startswith(b"#")]
    if len(lines) > 1 and not lines[0].startswith(b"----"):
        raise UsageError("There are several keys in this file: add them one by one.")
    try:
        key = asyncssh.import_public_key(data[:MANY_BYTES])
    except (asyncssh.KeyImportError, ValueError) as exc:
        raise UsageError(
            "This is no public key: it begins with ssh-ed25519, ssh-rsa or ecdsa-sha2-..., "
            "or with `---- BEGIN SSH2 PUBLIC KEY ----`."
        ) from exc
    if key.get_algorithm() not in ALGORITHMS:
        raise UsageError(
            f"Keys of the type {key.get_algorithm()} are not taken: use {', '.join(ALGORITHMS)}."
        )
    bits = getattr(getattr(key, "pyca_key", None), "key_size", None)
    if key.get_algorithm() == "ssh-rsa" and bits is not None and bits < LEAST_RSA_BITS:
        raise UsageError(f"An RSA key of {bits} bits is too weak: it needs {LEAST_RSA_BITS} at least.")
    return PublicKey(key)
