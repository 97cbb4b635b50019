"""On a developer's machine, mail is printed in readable form."""

import io

from django.core.mail import EmailMultiAlternatives

from wallet.signin.mail import Terminal

LINK = "http://localhost:8000/accounts/password/reset/key/1-dilqa0-" + "0123456789" * 20 + "/"


def test_a_long_link_stays_on_one_line():
    out = io.StringIO()
    message = EmailMultiAlternatives(
        "Set a new password",
        f"Asante – open this:\n\n{LINK}\n",
        "Nissmart <hello@nissmart.example>",
        ["jane@example.com"],
    )
    assert Terminal(stream=out).send_messages([message]) == 1
    lines = out.getvalue().splitlines()
    assert LINK in lines
    assert "To: jane@example.com" in lines
    assert "Subject: Set a new password" in lines


def test_mail_is_printed_without_a_mail_server(settings):
    from nissmart import settings as ours

    assert ours.MAILERS["default"]["BACKEND"] == "wallet.signin.mail.Terminal"
