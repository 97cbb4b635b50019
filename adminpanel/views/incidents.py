"""What is wrong and who sees to it."""

from django.http import HttpResponse
from django.shortcuts import render

from adminpanel.access import panel_page
from wallet.http import MemberRequest


@panel_page
def incidents(request: MemberRequest) -> HttpResponse:
    """Incidents."""
    return render(request, "adminpanel/base.html")


@panel_page
def incident(request: MemberRequest, incident_id: int) -> HttpResponse:
    """One incident."""
    return render(request, "adminpanel/base.html")
