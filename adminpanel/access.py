"""Who may read the dashboard."""

import functools
from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from wallet.roles import reads_panel


def panel_page[**P](
    view: Callable[P, HttpResponse],
) -> Callable[P, HttpResponse]:
    """Sign in first; then only finance and auditors see the page, everyone else gets 403."""

    @login_required
    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not reads_panel(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)  # type: ignore[call-arg, arg-type]

    return guarded  # type: ignore[return-value]
