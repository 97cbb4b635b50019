"""Messages to members: what they say (`topics`), queueing (`outgoing`), and sending (`sending`).

Queueing belongs to the caller's transaction. A worker sends what is committed, once.
"""

from wallet.messages.outgoing import (
    Contact,
    alert,
    contact_of,
    contacts_of,
    date_in_words,
    send_code,
    send_mail,
    send_nothing,
    send_text,
)
from wallet.messages.topics import Topic

__all__ = [
    "Contact",
    "Topic",
    "alert",
    "contact_of",
    "contacts_of",
    "date_in_words",
    "send_code",
    "send_mail",
    "send_nothing",
    "send_text",
]
