"""Messages to members, and their deliveries by SMS and mail (`wallet/messages/`)."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wallet.models.people import User


class Channel(models.TextChoices):
    """How a message reaches a person."""

    SMS = "sms", _("SMS")
    EMAIL = "email", _("Email")


class MessageQuerySet(models.QuerySet["Message"]):
    def unread_by(self, user: User) -> MessageQuerySet:
        return self.filter(user=user, read_at__isnull=True)


class Message(models.Model):
    """Something that a member should know. Their inbox shows it, whatever was sent outside.

    `topic` is a `wallet.messages.Topic`, and `facts` fill the placeholders in its words. `read_at`
    is when its member opened it, or marked all as read.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="messages", db_index=False)
    topic = models.CharField(_("about"), max_length=40)
    facts = models.JSONField(default=dict)
    created_at = models.DateTimeField(_("at"), auto_now_add=True)
    read_at = models.DateTimeField(_("read"), null=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            models.Index(fields=["user", "-id"], name="message_by_user"),
            models.Index(fields=["user"], condition=Q(read_at__isnull=True), name="message_unread"),
        ]


class Way(models.TextChoices):
    """Where a kind of message goes besides the inbox. `BOTH` is every contact the member has.

    `OFF` is for the monthly statement only, which the member asks for: then it isn't written.
    """

    BOTH = "both", _("SMS and email")
    SMS = "sms", _("SMS")
    EMAIL = "email", _("Email")
    INBOX = "inbox", _("Inbox only")
    OFF = "off", _("Off")


class MessageChoice(models.Model):
    """Where a member wants one kind of message, a `wallet.messages.Kind`.

    Without a row it's `BOTH`, and `OFF` for the monthly statement. `through` is the first day of
    the last month whose statement was reported; the row's lock decides who reports the next one.
    """

    user = models.ForeignKey(User, models.PROTECT, related_name="message_choices", db_index=False)
    kind = models.CharField(max_length=20)
    way = models.CharField(max_length=10, choices=Way)
    through = models.DateField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["through", "id"],
                condition=Q(kind="statements") & ~Q(way="off"),
                name="statements_to_report",
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="message_choice_once"),
            models.CheckConstraint(
                condition=Q(way__in=["both", "sms", "email", "inbox"])
                | Q(way="off", kind="statements"),
                name="message_choice_known",
            ),
            models.CheckConstraint(
                condition=Q(kind="statements", through__isnull=False)
                | (~Q(kind="statements") & Q(through__isnull=True)),
                name="message_choice_of_statements_has_a_month",
            ),
        ]


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self, channel: str) -> DeliveryQuerySet:
        """What is to be sent now on this channel, codes first: people wait for them."""
        queued = self.filter(state=Delivery.State.QUEUED, channel=channel)
        is_time = Q(not_before__isnull=True) | Q(not_before__lte=timezone.now())
        return queued.filter(is_time).order_by("-is_secret", "pk")

    def claimed_before(self, moment: datetime) -> DeliveryQuerySet:
        return self.filter(state=Delivery.State.SENDING, claimed_at__lt=moment)


class Delivery(models.Model):
    """One SMS or mail. It's sent at most once: a claim is committed before the call.

    Only if the provider says that it took nothing is it queued again, for `not_before`. If staff
    send a message again, that is another row, of the next `turn`.

    A secret delivery holds a code or a link that opens an account. Its text is wiped when it ends,
    and no inbox shows it, so it has no `message`. After `send_before` it's useless, so it isn't
    sent any more. `user` is missing if the contact belongs to no member.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Waiting")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")

    message = models.ForeignKey(
        Message, models.PROTECT, null=True, related_name="deliveries", verbose_name=_("message")
    )
    user = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("member")
    )
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    to = models.CharField(_("to"), max_length=254)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    text = models.TextField(_("text"), blank=True)
    is_secret = models.BooleanField(_("holds a code"), default=False)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    created_at = models.DateTimeField(_("queued"), auto_now_add=True)
    send_before = models.DateTimeField(null=True)
    # How many calls were made, and the earliest time of the next one.
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    not_before = models.DateTimeField(_("next attempt"), null=True)
    turn = models.PositiveSmallIntegerField(default=1)
    claimed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    # Why it failed, in words for operators.
    failure = models.CharField(_("failure"), max_length=200, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["created_at"], name="delivery_by_time"),
            models.Index(
                fields=["channel", "-is_secret", "id"],
                condition=Q(state="queued"),
                name="delivery_queued",
            ),
            models.Index(
                fields=["claimed_at"], condition=Q(state="sending"), name="delivery_sending"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["message", "channel", "to", "turn"], name="delivery_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "sending", "sent", "failed"]),
                name="delivery_state_known",
            ),
            models.CheckConstraint(
                condition=Q(channel__in=["sms", "email"]), name="delivery_channel_known"
            ),
            models.CheckConstraint(
                condition=Q(is_secret=False) | Q(message__isnull=True),
                name="delivery_no_inbox_shows_a_secret",
            ),
            models.CheckConstraint(
                condition=Q(is_secret=False) | Q(state__in=["queued", "sending"]) | Q(text=""),
                name="delivery_a_sent_secret_is_wiped",
            ),
            models.CheckConstraint(
                condition=Q(state="queued", claimed_at__isnull=True)
                | Q(state="failed")
                | Q(state__in=["sending", "sent"], claimed_at__isnull=False),
                name="delivery_claimed_before_it_is_sent",
            ),
        ]
