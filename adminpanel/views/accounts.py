"""The trial balance, and each account."""

from django.http import HttpResponse
from django.shortcuts import render

from adminpanel.access import panel_page
from wallet.http import MemberRequest


@panel_page
def accounts(request: MemberRequest) -> HttpResponse:
    """The trial balance."""
    return render(request, "adminpanel/base.html")


@panel_page
def account(request: MemberRequest, account_id: int) -> HttpResponse:
    """One account with its entries."""
    return render(request, "adminpanel/base.html")
