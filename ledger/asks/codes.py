"""QR codes as images in the page, so that no one else sees what is in them."""

from __future__ import annotations

from base64 import b64encode

import qrcode
from qrcode.image.svg import SvgPathImage


def as_image(text: str) -> str:
    """The URL of an image of this text as a QR code."""
    svg = qrcode.make(text, image_factory=SvgPathImage, border=1).to_string()
    return f"data:image/svg+xml;base64,{b64encode(svg).decode()}"
