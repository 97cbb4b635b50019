"""Proposed reversals."""

from django.http import HttpResponse
from django.shortcuts import render

from adminpanel.access import panel_page
from wallet.http import MemberRequest


@panel_page
def reversals(request: MemberRequest) -> HttpResponse:
    """Reversals that wait for a second person, and those decided."""
    return render(request, "adminpanel/base.html")
