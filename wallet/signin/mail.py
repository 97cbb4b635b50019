"""Mail for machines without a mail server."""

from django.core.mail.backends import console
from django.core.mail.message import EmailMessage


class Terminal(console.EmailBackend):
    """Prints mail in the terminal for people to read and copy from.

    Django's own backend prints the encoded message, which breaks long links over lines.
    """

    def write_message(self, message: EmailMessage) -> None:
        self.stream.write(f"From: {message.from_email}\n")
        self.stream.write(f"To: {', '.join(message.to)}\n")
        self.stream.write(f"Subject: {message.subject}\n\n")
        self.stream.write(f"{message.body}\n{'-' * 79}\n")
