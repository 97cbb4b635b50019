"""Who may read the panel, and who may act on it."""

import functools
from collections.abc import Callable
from typing import Concatenate

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from wallet.signin import factors
from wallet.staff.roles import Right, may
from wallet.web.http import MemberRequest

type View[**P] = Callable[Concatenate[MemberRequest, P], HttpResponseBase]


def people_page[**P](view: View[P]) -> View[P]:
    """Support sees this page too. The view leaves money out for those who may not read it."""
    return restrict(view, Right.FIND)


def panel_page[**P](view: View[P]) -> View[P]:
    """Only finance and auditors see this page."""
    return restrict(view, Right.READ)


def finance_page[**P](view: View[P]) -> View[P]:
    """Makers and approvers. Auditors get 403 too: they may read and not act."""
    return restrict(view, Right.WORK)


def maker_page[**P](view: View[P]) -> View[P]:
    return restrict(view, Right.PROPOSE)


def approver_page[**P](view: View[P]) -> View[P]:
    return restrict(view, Right.DECIDE)


def restrict[**P](view: View[P], right: Right) -> View[P]:
    """Only for people with this right (`wallet/staff/roles.py`), after a second factor.

    Visitors sign in first; others get 403.
    """

    @login_required
    @functools.wraps(view)
    def restricted(
        request: MemberRequest, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        if not may(request.user, right):
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
            if request.method in ("GET", "HEAD") and may(request.user, Right.READ):
                given = {name: kwargs[name] for name in names}
                return HttpResponseRedirect(reverse(f"adminpanel:{page}", kwargs=given))
            return view(request, *args, **kwargs)

        return redirect_or_act

    return decorate
