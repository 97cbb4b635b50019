"""Template tags: money, people and icons."""

import json
from functools import lru_cache

from django import template
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from wallet import emails, money, phones, support
from wallet.models import User
from wallet.untranslated import keep, keep_figures

register = template.Library()

# The colours for people, in base.css.
HUES = ("p0", "p1", "p2", "p3", "p4", "p5")


# Filters for page text mark their output as not to be translated. The `..._text` filters are for
# attributes and SVG, which can't contain elements.
register.filter(keep)
register.filter(keep_figures)


@register.filter(name="money")
def money_filter(cents: int) -> SafeString:
    return keep(money.format_money(cents))


@register.filter
def money_text(cents: int) -> str:
    return money.format_money(cents)


@register.filter
def signed_money(cents: int) -> SafeString:
    """`−KES 740.00`. In a list, the style sheet hides the currency from eyes alone."""
    sign, currency, figure = money.format_signed_money(cents).partition("KES")
    kept = '<bdi translate="no">{}<bdi class="kes">{}</bdi>{}</bdi>'
    return format_html(kept, sign, currency + figure[:1], figure[1:])


@register.filter
def amount(cents: int) -> SafeString:
    return keep(money.format_amount(cents))


@register.filter
def amount_text(cents: int) -> str:
    return money.format_amount(cents)


@register.filter
def masked_phone(phone: str | None) -> SafeString:
    return keep(phones.mask(phone) if phone else "")


@register.filter
def masked_email(email: str | None) -> SafeString:
    return keep(emails.mask(email) if email else "")


@register.filter
def national_phone(phone: str | None) -> SafeString:
    return keep(phones.national(phone) if phone else "")


@register.filter
def short_name(user: User) -> SafeString:
    return keep(user.short_name)


@register.filter
def initials(user: User) -> SafeString:
    return keep(user.initials)


@register.filter
def hue(user: User) -> str:
    """The class of a person's colour, the same on every page."""
    return HUES[user.pk % len(HUES)]


@register.filter
def as_json(value: object) -> str:
    """For a data attribute, which escapes it. A script element would be an inline script."""
    return json.dumps(value, cls=DjangoJSONEncoder)


@register.simple_tag
def support_contact() -> str:
    """How people reach support; empty if SUPPORT_CONTACT isn't set."""
    return str(settings.SUPPORT_CONTACT)


@register.simple_tag
def help_sentence() -> str:
    return support.help_sentence()


@register.filter(is_safe=True)
def breakable(text: str) -> str:
    """Let an amount wrap after `KES`, for narrow screens."""
    return text.replace(money.NO_BREAK_SPACE, " ")


@register.simple_tag
@lru_cache
def icon(name: str) -> SafeString:
    """An icon from the sprite. Put text beside it: the icon is hidden from screen readers."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        static("icons.svg"),
        name,
    )
