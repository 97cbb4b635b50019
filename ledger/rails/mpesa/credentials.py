"""The secrets that Daraja wants inside a request, each in its own disguise."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import load_pem_x509_certificate


def encrypt_password(password: str, certificate: bytes) -> str:
    """The SecurityCredential of an initiator's password. It may be used many times.

    Daraja: the raw password, encrypted with PKCS#1 v1.5 for the key of Safaricom's certificate,
    in base64. Certificates of theirs have expired and gone on working, so dates aren't checked.
    Raises ValueError when the certificate can't be used.
    """
    key = load_pem_x509_certificate(certificate).public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("not an RSA key")
    return base64.b64encode(key.encrypt(password.encode(), padding.PKCS1v15())).decode()


def stk_password(shortcode: str, passkey: str, timestamp: str) -> str:
    """Daraja: base64 of shortcode, passkey and the timestamp that goes into the same body."""
    return base64.b64encode(f"{shortcode}{passkey}{timestamp}".encode()).decode()
