"""Profile, API tokens and preferences. Sign-up and sign-in are django-allauth's."""

from allauth.account.decorators import reauthentication_required
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from wallet import contacts, naming
from wallet.api import tokens
from wallet.context_processors import THEMES
from wallet.errors import Refusal
from wallet.forms import NameRequestForm, ProfileForm, ShownNameForm, TokenForm
from wallet.messages import Contact
from wallet.models import ApiToken, User
from wallet.security_views import after_change
from wallet.signin import codes, pin, verify
from wallet.web.cookies import name_of
from wallet.web.http import (
    MemberRequest,
    ShownOnce,
    context_of,
    is_own_page,
    post_data,
    redirect_to,
)
from wallet.web.refusals import FieldRefused, mark_page, refusal_in

PREFERENCES = {"theme": THEMES, "balance": ("shown", "hidden")}
YEAR_S = 365 * 24 * 60 * 60
NEW_TOKEN = ShownOnce("new_token")


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def profile(request: MemberRequest) -> HttpResponse:
    """The member's name, phone number, email and security."""
    # A copy, so that a refused form doesn't change the page's header.
    member = User.objects.get(pk=request.user.pk)
    form = ProfileForm(request, member)
    if form.is_valid():
        try:
            return save_profile(request, form)
        except Refusal as error:
            form.add_error(error.field, FieldRefused(error))
    context = {
        "form": form,
        "waiting": waiting_for_code(member),
        "asked": member.name_requests.first(),
    }
    status = 422 if form.errors else 200
    page = render(request, "wallet/profile.html", context, status=status)
    return mark_page(page, refusal_in(form))


def save_profile(request: MemberRequest, form: ProfileForm) -> HttpResponse:
    """Send a code to a new phone number or email. Raises Refusal.

    It's looked up only now, after the right password, and counted as a code.
    """
    member, changes = form.member, form.changes
    asked = [Contact.of(value) for value in changes.values() if value]
    codes.begin(request, member, asked, refuse_taken=True)
    for field, value in changes.items():
        if value is None:
            contacts.remove(context_of(request), member.pk, field)
    target = after_change(request) if None in changes.values() else request.path
    if asked:
        return redirect_to(request, verify.url(target))
    messages.success(request, _("Your profile is saved."))
    return redirect_to(request, target)


def waiting_for_code(member: User) -> list[Contact]:
    """What the member wants to change to, and hasn't proved yet."""
    return [Contact(each.channel, each.value) for each in member.claims.all() if member.has_proof]


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def ask_for_name(request: MemberRequest) -> HttpResponse:
    """Ask for another name, which staff approve or deny."""
    form = NameRequestForm(request.POST or None)
    if form.is_valid():
        try:
            naming.ask(context_of(request), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            messages.success(request, _("We'll look at the name and write to you here."))
            return redirect_to(request, reverse("wallet:profile"))
    status = 422 if form.errors else 200
    return render(request, "wallet/name.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def shown_name(request: MemberRequest) -> HttpResponse:
    """Choose what people who have dealt with the member read as the name."""
    if request.method == "POST":
        form = ShownNameForm(request.POST)
        if form.is_valid():
            naming.show_in_full(request.user.pk, form.cleaned_data["shows_full_name"])
            messages.success(request, _("Saved."))
            return redirect_to(request, reverse("wallet:profile"))
    form = ShownNameForm(initial={"shows_full_name": request.user.shows_full_name})
    return render(request, "wallet/shown_name.html", {"form": form})


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    """Save this browser's preferences: light or dark, balance shown or hidden."""
    target = request.POST.get("next", "/")
    if not is_own_page(request, target):
        target = "/"
    response = HttpResponseRedirect(target)
    for name, choices in PREFERENCES.items():
        value = request.POST.get(name)
        if value is None:
            continue
        if value not in choices:
            raise BadRequest(f"unknown value for {name}")
        response.set_cookie(
            name_of(name),
            value,
            max_age=YEAR_S,
            httponly=True,
            samesite="Lax",
            secure=settings.HTTPS,
        )
    return response


@sensitive_post_parameters("pin")
@sensitive_variables("secret")
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@verify.proof_required
@reauthentication_required(enabled=lambda request: request.method != "POST")
def api_tokens(request: MemberRequest) -> HttpResponse:
    """The member's own API tokens. A new one needs the PIN, and is shown once, on this page."""
    if request.method == "POST" and not did_recently_reauthenticate(request):
        # The page asks for the password. The form isn't kept: its PIN would stand in the session.
        return redirect_to(request, request.path)
    form = TokenForm(post_data(request))
    if form.is_valid() and is_pin_of(request, form):
        _token, secret = tokens.issue(
            user_id=request.user.pk, scope=ApiToken.Scope.MEMBER, **form.choice()
        )
        return NEW_TOKEN.put(redirect_to(request, request.path), request, secret)
    context = {
        "form": form,
        "has_pin": pin.has_pin(request.user),
        "secret": NEW_TOKEN.take(request),
        "tokens": request.user.api_tokens.filter(revoked_at__isnull=True),
    }
    status = 422 if form.errors else 200
    response = render(request, "wallet/api_tokens.html", context, status=status)
    return NEW_TOKEN.forget(response, request)


def is_pin_of(request: MemberRequest, form: TokenForm) -> bool:
    """Check the PIN, because a token moves money without one. Counts the guess."""
    try:
        pin.check(request.user.pk, form.cleaned_data["pin"])
    except Refusal as refusal:
        form.add_error("pin", str(refusal))
        return False
    return True


@require_POST
@login_required
def revoke_api_token(request: MemberRequest, token_id: int) -> HttpResponse:
    """Revoke one of the member's own tokens."""
    if not tokens.revoke(token_id, user_id=request.user.pk):
        raise Http404
    messages.success(request, _("Token revoked. Programs that use it no longer have access."))
    return redirect_to(request, reverse("wallet:api_tokens"))
