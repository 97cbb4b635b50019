"""Freeze the wallets of several members: choose them on the list, read them again, say why."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from adminpanel.access import finance_page
from adminpanel.members import operations
from adminpanel.members.forms import ReasonForm
from adminpanel.several import Item, ids_in
from wallet.errors import Refusal
from wallet.models import Account, User
from wallet.web.http import MemberRequest, context_of, redirect_to


@require_http_methods(["GET", "HEAD", "POST"])
@finance_page
def freeze_several(request: MemberRequest) -> HttpResponse:
    """The chosen members; a POST freezes each wallet by itself."""
    given = request.POST if request.method == "POST" else request.GET
    ids = ids_in(given.getlist("member"))
    if request.method != "POST":
        return show(request, ids, ReasonForm("several"))
    form = ReasonForm("several", request.POST)
    if not form.is_valid():
        return show(request, ids, form, status=422)
    context, done, left_out = context_of(request, reason=form.cleaned_data["reason"]), 0, []
    for person in people(ids):
        try:
            done += operations.freeze(context, person.pk)
        except (Refusal, Account.DoesNotExist) as refusal:
            left_out.append(f"{person.name}: {refusal}")
    if done:
        said = ngettext("{n} wallet is frozen now.", "{n} wallets are frozen now.", done)
        messages.success(request, said.format(n=done))
    elif not left_out:
        messages.info(request, _("These wallets were frozen already. Nothing changed."))
    if left_out:
        messages.warning(request, " ".join([_("Left out:"), *left_out]))
    return redirect_to(request, reverse("adminpanel:members"))


def people(ids: list[int]) -> list[User]:
    return list(User.objects.filter(pk__in=ids).order_by("pk"))


def show(
    request: MemberRequest, ids: list[int], form: ReasonForm, status: int = 200
) -> HttpResponse:
    # Staff's freeze outweighs the member's own.
    frozen = Account.objects.filter(user__in=ids, frozen_by=Account.FrozenBy.STAFF)
    known = set(frozen.values_list("user_id", flat=True))
    items: list[Item] = []
    left_out: list[Item] = []
    for one in people(ids):
        is_own, is_frozen = one == request.user, one.pk in known
        effect = _("Your own wallet") if is_own else _("Frozen already") if is_frozen else ""
        item = Item(one.name, reverse("adminpanel:member", args=[one.pk]), effect, str(one.pk))
        (left_out if effect else items).append(item)
    counted = ngettext("{n} member", "{n} members", len(items)).format(n=len(items))
    context = {
        "items": items,
        "left_out": left_out,
        "form": form,
        "field": "member",
        "heading": _("Freeze wallets"),
        "counted": counted,
        "button": _("Freeze the wallets of {counted}").format(counted=counted),
        "back": _("Members"),
        "back_url": reverse("adminpanel:members"),
    }
    return render(request, "adminpanel/several.html", context, status=status)
