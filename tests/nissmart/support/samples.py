"""Rows for the URLs that name one, made by the people who may."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import Group

from adminpanel.claims import operations as endings
from adminpanel.incidents import operations as incidents
from adminpanel.models import ClosingProposal, ExportJob, Movement, SavedView
from adminpanel.reconciliation import taking_in
from adminpanel.reversals import operations as reversals
from ledger import operations
from ledger.asks import operations as asks
from ledger.models import Attempt, Pause, RailEvent
from ledger.querysets import nairobi_day
from tests.adminpanel.support.corrections import propose_adjustment
from tests.adminpanel.support.statements import BANK, MT940, imported, mpesa, upload
from tests.conftest import signed_in, staff
from tests.factories import send, withdraw
from tests.ledger.support.goals import open_goal
from tests.ledger.support.prices import price
from tests.ledger.support.rates import rate
from tests.ledger.support.scheduled import schedule
from wallet import granting, messages, naming
from wallet.api import tokens
from wallet.context import Context
from wallet.messages import Topic
from wallet.models import AuditEvent, Delivery, FormerMember, ProtectedName, Session, User


def of(people: dict[str, User], alice: User) -> dict[str, str]:
    """Values for the variable parts of routes: ids of existing rows."""
    record = send(alice, people["member"], 5_00)
    # The maker's own, so that withdrawing it isn't refused for being a colleague's.
    maker = people["finance maker"]
    proposal = reversals.propose(Context(maker.pk, reason="Twice."), transaction_id=record.pk)
    claim = operations.open_claim(
        Context(people["finance approver"].pk, key="claim"),
        transaction_id=send(alice, people["member"], 1_00).pk,
        amount_cents=1_00,
        proposed_by_id=maker.pk,
    )
    ending = endings.propose(Context(maker.pk, reason="Lost his job."), claim_id=claim.pk)
    correction = propose_adjustment(maker, alice, 1_00)
    incident = incidents.open_by_hand(Context(maker.pk), title="Paid twice")
    payout = withdraw(alice, 5_00)
    attempt = Attempt.objects.get(transaction=payout)
    pause = Pause.objects.create(reason="The rail answers late.")
    event = RailEvent.objects.create(rail=payout.rail, kind="callback", is_callback=True)
    token, _secret = tokens.issue(user_id=alice.pk, scope="member", name="Alice's program")
    colleague = staff("finance")
    signed_in(alice), signed_in(colleague)
    of_staff = Session.objects.get(user=colleague)
    asked = naming.ask(Context(alice.pk), name="Alice Kamau", reason="She married.")
    operator = Context(people["operator"].pk, reason="She joins the team.")
    role = granting.ask(operator, user_id=colleague.pk, role="operator")
    former = FormerMember.objects.create(user=people["member"], name="Former")
    delivery = Delivery.objects.create(channel="sms", to="+254712000009", text="Hello")
    goal, _other = (open_goal(people["member"], name) for name in ("School fees", "Rent"))
    job = ExportJob.objects.create(
        asked_by=maker,
        dataset="ledger",
        through_id=0,
        state="done",
        sha256="00" * 32,
        finished_at=record.created_at,
        expires_at=record.created_at,
    )
    scheduled = schedule(people["member"], alice, cents=1_00)
    view = SavedView.objects.create(owner=colleague, name="x", query="type=DEPOSIT")
    matched = imported(MT940.encode(), BANK)
    taking_in.take_in_due()
    yesterday = nairobi_day() - timedelta(days=1)
    signed = ClosingProposal.objects.create(act="day", last_day=yesterday, proposed_by=maker)
    return {
        "<id:user_id>": str(people["member"].pk),
        "<id:message_id>": str(messages.alert(people["member"].pk, Topic.PIN_CHANGED).pk),
        "<id:statement_id>/lines/": f"{matched.pk}/lines/",
        "<id:statement_id>/match/": f"{matched.pk}/match/",
        "<id:movement_id>": str(Movement.objects.latest("pk").pk),
        "<slug:name>": "sums",
        "<slug:period>": f"{yesterday:%Y-%m-%d}",
        "<id:closing_id>": str(signed.pk),
        "<str:code>": "0000-0000-0000-0000",
        "<str:secret>": "no-such-secret",
        "<slug:kind>": "stk",
        "<id:proposal_id>": str(proposal.pk),
        "<id:claim_id>": str(claim.pk),
        "<id:ending_id>": str(ending.pk),
        "<id:correction_id>": str(correction.pk),
        "<id:incident_id>": str(incident.pk),
        "<id:statement_id>": str(upload(mpesa()).pk),
        "<id:job_id>": str(job.pk),
        "<account_id:account_id>": str(alice.primary_account().pk),
        "<id:token_id>": str(token.pk),
        "<id:goal_id>": str(goal.pk),
        "<id:schedule_id>": str(scheduled.pk),
        "<id:ask_id>": str(asks.make(people["member"].pk, amount_cents=None, note="").pk),
        "<str:token>": "no-such-link",
        "<id:view_id>": str(view.pk),
        "<id:session_id>": str(Session.objects.get(user=alice).pk),
        "wallet/session/<path:object_id>": f"wallet/session/{of_staff.pk}",
        "transaction/<reference>": f"transaction/{record.reference}",
        "<path:rest>": "no-such-thing",
        "wallet/apitoken/<path:object_id>": f"wallet/apitoken/{token.pk}",
        "wallet/namerequest/<path:object_id>": f"wallet/namerequest/{asked.pk}",
        "wallet/rolerequest/<path:object_id>": f"wallet/rolerequest/{role.pk}",
        "wallet/protectedname/<path:object_id>": (
            f"wallet/protectedname/{ProtectedName.objects.first().pk}"
        ),
        "payouts/<reference:reference>": f"payouts/{payout.reference}",
        "<id:pause_id>": str(pause.pk),
        "<reference:reference>": record.reference,
        "wallet/auditevent/<path:object_id>": (
            f"wallet/auditevent/{AuditEvent.objects.latest('pk').pk}"
        ),
        "adminpanel/incident/<path:object_id>": f"adminpanel/incident/{incident.pk}",
        "wallet/user/<id:row_id>": f"wallet/user/{alice.pk}",
        "wallet/delivery/<id:row_id>": f"wallet/delivery/{delivery.pk}",
        "wallet/formermember/<id:row_id>": f"wallet/formermember/{former.pk}",
        "wallet/user/<path:object_id>": f"wallet/user/{alice.pk}",
        "wallet/delivery/<path:object_id>": f"wallet/delivery/{delivery.pk}",
        "wallet/formermember/<path:object_id>": f"wallet/formermember/{former.pk}",
        "wallet/account/<path:object_id>": f"wallet/account/{alice.primary_account().pk}",
        "ledger/transaction/<path:object_id>": f"ledger/transaction/{record.pk}",
        "ledger/entry/<path:object_id>": f"ledger/entry/{record.entries.first().pk}",
        "ledger/attempt/<path:object_id>": f"ledger/attempt/{attempt.pk}",
        "ledger/railevent/<path:object_id>": f"ledger/railevent/{event.pk}",
        "ledger/pause/<path:object_id>": f"ledger/pause/{pause.pk}",
        "ledger/interestrate/<path:object_id>": f"ledger/interestrate/{rate(1_00).pk}",
        "ledger/tariff/<path:object_id>": f"ledger/tariff/{price((1_00, 0)).pk}",
        "auth/group/<path:object_id>": f"auth/group/{Group.objects.first().pk}",
        "<int:pk>": "1",
        "<path:content_type_id>/<path:object_id>": "1/1",
        "^confirm-email/(?P<key>[-:\\w]+)/$": "confirm-email/no-such-key/",
        "^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "password/reset/key/1-x/",
        "^(?P<app_label>wallet|auth|ledger|adminpanel)/$": "ledger/",
        "(?P<url>.*)$": "no-such-page",
    }
