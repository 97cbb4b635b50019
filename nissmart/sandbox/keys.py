"""The key pair that SecurityCredential is encrypted for, and the initiator who uses it."""

from __future__ import annotations

import base64
import binascii
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

REMEMBERED = 1_000
WRONG_ATTEMPTS = 3


class Keys:
    """A 2048-bit RSA pair. The product uses the certificate; only the simulator decrypts."""

    def __init__(self, private: rsa.RSAPrivateKey) -> None:
        self.private = private
        # Decrypting is slow, and many requests may use the same credential.
        self._plain: dict[str, bytes | None] = {}

    @classmethod
    def generate(cls) -> Keys:
        return cls(rsa.generate_private_key(public_exponent=65537, key_size=2048))

    @classmethod
    def beside(cls, certificate: Path) -> Keys:
        """The keys of a certificate file. Made on first use, and the same after a restart."""
        private = certificate.with_name(certificate.name + ".key")
        if certificate.exists() and private.exists():
            key = serialization.load_pem_private_key(private.read_bytes(), None)
            assert isinstance(key, rsa.RSAPrivateKey)
            return cls(key)
        keys = cls.generate()
        descriptor = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as file:
            file.write(keys.private_pem())
        certificate.write_bytes(keys.certificate_pem())
        return keys

    def private_pem(self) -> bytes:
        return self.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    def certificate_pem(self) -> bytes:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Nissmart sandbox")])
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=3650))
        )
        certificate = builder.sign(self.private, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM)

    def decrypt(self, credential: str) -> bytes | None:
        """The password inside a SecurityCredential; None when it can't be one."""
        if credential not in self._plain:
            if len(self._plain) >= REMEMBERED:
                self._plain.clear()
            self._plain[credential] = self._decrypt(credential)
        return self._plain[credential]

    def _decrypt(self, credential: str) -> bytes | None:
        try:
            secret = base64.b64decode(credential, validate=True)
            return self.private.decrypt(secret, padding.PKCS1v15())
        except (binascii.Error, ValueError):
            return None


class Initiator:
    """The API user. Three wrong passwords in a row lock it."""

    def __init__(self, name: str, password: str, keys: Keys) -> None:
        self.name = name
        self.password = password.encode()
        self.keys = keys
        self.wrong_attempts = 0

    @property
    def is_locked(self) -> bool:
        return self.wrong_attempts >= WRONG_ATTEMPTS

    def accepts(self, name: str, credential: str) -> bool:
        if name != self.name or self.keys.decrypt(credential) != self.password:
            self.wrong_attempts += 1
            return False
        self.wrong_attempts = 0
        return True
