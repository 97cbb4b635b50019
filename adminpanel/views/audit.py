"""What staff did."""

from django.http import HttpResponse
from django.shortcuts import render

from adminpanel.access import panel_page
from wallet.http import MemberRequest


@panel_page
def audit(request: MemberRequest) -> HttpResponse:
    """Every act of staff, newest first."""
    return render(request, "adminpanel/base.html")
