"""One box that finds everything."""

from django.http import HttpResponse
from django.shortcuts import render

from adminpanel.access import panel_page
from wallet.http import MemberRequest


@panel_page
def search(request: MemberRequest) -> HttpResponse:
    """What fits."""
    return render(request, "adminpanel/base.html")
