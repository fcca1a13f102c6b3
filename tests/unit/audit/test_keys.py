"""Private keys stay private, and nothing that is no key is taken for one."""

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from aimds.audit import SigningKey, new_key
from aimds.audit.verify import read_public_key
from aimds.errors import ConfigurationError, ErrorCode


def test_a_new_key_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    """Whatever the umask; its public half stands beside it, and signs what the public half verifies."""
    path = tmp_path / "audit.key"
    before = os.umask(0)
    try:
        made = new_key(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    loaded = SigningKey.load(path)
    assert loaded.public == made.public == read_public_key(str(tmp_path / "audit.key.pub"))
    signature = bytes.fromhex(loaded.sign(b"message"))
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(loaded.public)).verify(signature, b"message")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """A key that exists is kept, as is a lone public half."""
    path = tmp_path / "audit.key"
    public = new_key(path).public
    with pytest.raises(ConfigurationError, match="exists"):
        new_key(path)
    assert SigningKey.load(path).public == public
    path.unlink()
    with pytest.raises(ConfigurationError, match="exists"):
        new_key(path)
    assert not path.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o700 | 0o001])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """Its secrecy is gone; the error says which mode it must have."""
    path = tmp_path / "audit.key"
    new_key(path)
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match="must be 0600") as caught:
        SigningKey.load(path)
    assert caught.value.code is ErrorCode.AUDIT_KEY


def _other(path: Path) -> None:
    key = X25519PrivateKey.generate()
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.write_text("nothing"), "not a private key"),
        (lambda path: path.write_bytes(b"\0" * 100_000), "not a private key"),
        (_other, "not of Ed25519"),
        (lambda path: path.mkdir(), "directory"),
    ],
    ids=["missing", "junk", "large", "other kind", "folder"],
)
def test_what_is_no_key_is_refused(tmp_path: Path, write, reason: str) -> None:  # type: ignore[no-untyped-def]
    """With its place and the reason."""
    path = tmp_path / "audit.key"
    write(path)
    if path.is_file():
        path.chmod(0o600)
    with pytest.raises(ConfigurationError, match=reason):
        SigningKey.load(path)


def test_the_folder_must_exist(tmp_path: Path) -> None:
    """A key is not written into nowhere."""
    with pytest.raises(ConfigurationError, match="No such file"):
        new_key(tmp_path / "gone" / "audit.key")


def test_a_key_does_not_show_itself() -> None:
    """Printing one shows the public half only."""
    key = SigningKey.generate()
    assert repr(key) == f"<signing key, public half {key.public}>"
