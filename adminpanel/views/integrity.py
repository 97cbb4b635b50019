"""The checks of the books."""

from django.http import HttpResponse
from django.shortcuts import render

from adminpanel.access import panel_page
from wallet.http import MemberRequest


@panel_page
def integrity(request: MemberRequest) -> HttpResponse:
    """Every check with its last result."""
    return render(request, "adminpanel/base.html")
