"""Who may read the panel, and who may act on it."""

import functools
from collections.abc import Callable
from typing import Concatenate

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from wallet.models import User
from wallet.signin import factors
from wallet.staff.roles import acts_on_panel, reads_panel
from wallet.web.http import MemberRequest

type View[**P] = Callable[Concatenate[MemberRequest, P], HttpResponseBase]


def panel_page[**P](view: View[P]) -> View[P]:
    """Only finance and auditors see this page, after a second factor.

    Visitors sign in first; others get 403.
    """
    return restrict(view, reads_panel)


def finance_page[**P](view: View[P]) -> View[P]:
    """Like `panel_page`, but auditors get 403 too: they may read and not act."""
    return restrict(view, acts_on_panel)


def restrict[**P](view: View[P], is_allowed: Callable[[User], bool]) -> View[P]:
    @login_required
    @functools.wraps(view)
    def restricted(
        request: MemberRequest, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        if not is_allowed(request.user):
            raise PermissionDenied
        return factors.required(view)(request, *args, **kwargs)

    return restricted


def action_on[**P](page: str, *names: str) -> Callable[[View[P]], View[P]]:
    """Redirect a GET of an action's URL to the page that the action is on.

    Actions take only a POST. Without JavaScript, a refused form leaves the browser on the action's
    URL, and a reload is then a GET. `names` are the URL arguments that `page` needs. Only people
    who may read the panel are redirected; the view answers all others.
    """

    def decorate(view: View[P]) -> View[P]:
        @functools.wraps(view)
        def redirect_or_act(
            request: MemberRequest, /, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponseBase:
            if request.method in ("GET", "HEAD") and reads_panel(request.user):
                given = {name: kwargs[name] for name in names}
                return HttpResponseRedirect(reverse(f"adminpanel:{page}", kwargs=given))
            return view(request, *args, **kwargs)

        return redirect_or_act

    return decorate
