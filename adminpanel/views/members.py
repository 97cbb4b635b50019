"""Looking members up."""

from django.http import HttpResponse
from django.shortcuts import render

from adminpanel.access import panel_page
from wallet.http import MemberRequest


@panel_page
def members(request: MemberRequest) -> HttpResponse:
    """Members that fit a search."""
    return render(request, "adminpanel/base.html")


@panel_page
def member(request: MemberRequest, user_id: int) -> HttpResponse:
    """One member."""
    return render(request, "adminpanel/base.html")
