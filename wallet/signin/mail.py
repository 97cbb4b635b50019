"""Mail on a machine without a mail server."""

from django.core.mail.backends import console
from django.core.mail.message import EmailMessage


class Terminal(console.EmailBackend):
    """Writes mail out to be read, and copied from, by a person.

    Django's own writes what a mail server would get, which breaks long links over lines.
    """

    def write_message(self, message: EmailMessage) -> None:
        self.stream.write(f"From: {message.from_email}\n")
        self.stream.write(f"To: {', '.join(message.to)}\n")
        self.stream.write(f"Subject: {message.subject}\n\n")
        self.stream.write(f"{message.body}\n{'-' * 79}\n")
