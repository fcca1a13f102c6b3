"""Signing keys: Ed25519 (RFC 8032) in PEM files, the private one readable by its owner only."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from aimds.errors import ConfigurationError, ErrorCode

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["SigningKey", "new_key"]

_KEY_FILE_BYTES_MAX: Final = 16 * 1024  # a PEM of an Ed25519 key has 119 bytes
_OWNER_ONLY: Final = 0o600


class SigningKey:
    """A private key that signs checkpoints. Its `repr` shows the public half only."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public: Final = private.public_key().public_bytes_raw().hex()
        """The public key in hexadecimal: what `verify --public-key` takes."""

    def __repr__(self) -> str:
        return f"<signing key, public half {self.public}>"

    def sign(self, message: bytes) -> str:
        """The signature in hexadecimal."""
        return self._private.sign(message).hex()

    @classmethod
    def generate(cls) -> SigningKey:
        """A new key that is in no file."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path) -> SigningKey:
        """The key in a PEM file without passphrase.

        Raises:
            ConfigurationError: `audit-key` when the file is not there, is readable by others, or holds no such key.
        """
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        data = _read_private(path)
        try:
            private = load_pem_private_key(data, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            _refuse(path, "not a private key in PEM without passphrase")
        if not isinstance(private, Ed25519PrivateKey):
            _refuse(path, "a private key, but not of Ed25519")
        return cls(private)


def _read_private(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            # Asked of the open file: between a look at the name and the opening the file could be exchanged.
            mode = os.fstat(stream.fileno()).st_mode
            data = stream.read(_KEY_FILE_BYTES_MAX)
    except OSError as fault:
        _refuse(path, fault.strerror or "cannot be read")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        _refuse(path, f"others may read or change it (mode {stat.S_IMODE(mode):04o}, must be 0600)")
    return data


def new_key(path: Path) -> SigningKey:
    """Makes a key: the private half in `path` (mode 0600), the public half in `path` with `.pub` added.

    Raises:
        ConfigurationError: `audit-key` when one of the files exists or cannot be written; nothing is overwritten.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    private = Ed25519PrivateKey.generate()
    public_path = path.with_name(path.name + ".pub")
    if public_path.exists():
        _refuse(public_path, "the file exists")
    _write_new(path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), _OWNER_ONLY)
    _write_new(public_path, private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), 0o644)
    return SigningKey(private)


def _write_new(path: Path, data: bytes, mode: int) -> None:
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as stream:
            os.fchmod(stream.fileno(), mode)  # whatever the umask says
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except FileExistsError:
        _refuse(path, "the file exists")
    except OSError as fault:
        _refuse(path, fault.strerror or "cannot be written")


def _refuse(path: Path, reason: str) -> NoReturn:
    raise ConfigurationError(ErrorCode.AUDIT_KEY, place=str(path), reason=reason)
