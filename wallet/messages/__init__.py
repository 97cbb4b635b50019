"""Messages to members: what they are about (`topics`), what they say (`words`), queueing
(`outgoing`), and sending (`sending`).

Queueing belongs to the caller's transaction. A worker sends what is committed, once.
"""

from wallet.messages.outgoing import (
    Contact,
    alert,
    contact_of,
    contacts_of,
    date_in_words,
    moment,
    send_code,
    send_mail,
    send_nothing,
    send_text,
    way_of,
)
from wallet.messages.topics import Kind, Topic

__all__ = [
    "Contact",
    "Kind",
    "Topic",
    "alert",
    "contact_of",
    "contacts_of",
    "date_in_words",
    "moment",
    "send_code",
    "send_mail",
    "send_nothing",
    "send_text",
    "way_of",
]
