"""Makes the secrets of an installation, a directory for each process."""

import json
import os
import tempfile
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from app.core.jwt import SigningKey
from app.core.keyfiles import write_secret
from app.identifiers.kinds import KEY_CLASSES
from app.identifiers.oprf import key_for

FIRST_EPOCH: Final = 1


def create_keys(directory: Path, *, seed: bytes | None = None) -> None:
    """Make `evaluator/`, `registry/`, `public/` and `offline/` below `directory`.

    The evaluator's seed and the registry's token key are never in one directory, so that each
    process can be given its own and no other. They appear all at once or not at all.

    Raises:
        FileExistsError: there are keys already; they are never overwritten.
    """
    if directory.exists():
        raise FileExistsError(directory)
    directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=".keys-", dir=directory.parent))
    _write_keys(unfinished, seed or os.urandom(32))
    unfinished.rename(directory)


def _write_keys(directory: Path, seed: bytes) -> None:
    write_secret(directory / "evaluator" / f"seed-{FIRST_EPOCH}", seed.hex())
    write_secret(directory / "registry" / f"token-key-{FIRST_EPOCH}", os.urandom(32).hex())
    write_secret(directory / "registry" / "app-secret", os.urandom(32).hex())
    signing = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_secret(directory / "registry" / "access-signing.pem", signing.decode())
    rotation = X25519PrivateKey.generate()
    write_secret(directory / "offline" / "rotation.key", rotation.private_bytes_raw().hex())
    public = directory / "public"
    public.mkdir()
    (public / "rotation.pub").write_text(rotation.public_key().public_bytes_raw().hex())
    jwks = {"keys": [SigningKey(signing.decode()).public_jwk]}
    (public / "access-jwks.json").write_text(json.dumps(jwks, indent=1))
    classes = {name: key_for(seed, name, FIRST_EPOCH).public.hex() for name in KEY_CLASSES}
    (public / "oprf.json").write_text(
        json.dumps({"epoch": FIRST_EPOCH, "classes": classes}, indent=1)
    )
