"""Who may read the dashboard."""

import functools
from collections.abc import Callable
from typing import Concatenate

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse

from wallet.http import MemberRequest
from wallet.roles import reads_panel

type View[**P] = Callable[Concatenate[MemberRequest, P], HttpResponse]


def panel_page[**P](view: View[P]) -> View[P]:
    """Sign in first; then only finance and auditors see the page, everyone else gets 403."""

    @login_required
    @functools.wraps(view)
    def guarded(request: MemberRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not reads_panel(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded
