"""Signing up with a company, inviting people, and making keys."""

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import AddEmailForm, LoginForm, SignupForm
from allauth.account.models import EmailAddress
from allauth.core import context
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AddWebAuthnForm, LoginWebAuthnForm
from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import redirect

from companies.members import ChangeRefused, accept, create_company, find_invitation
from companies.models import Membership, Scope, User

INVITATION = "invitation"  # in the session: the token of the link that somebody followed before they signed up


class SignInForm(LoginForm):  # type: ignore[misc] # allauth has no types
    """E-mail address and password. The page itself leads on to resetting it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _word(self.fields)
        self.fields["login"].widget.attrs["autofocus"] = True
        self.fields["password"].help_text = ""


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc] # allauth has no types
    """A passkey's name. Whoever adds one wants to sign in by it, so that is ticked."""

    passwordless = forms.BooleanField(
        label="Sign in with it alone, without a password",
        required=False,
        initial=True,
        help_text="Your device then asks for your fingerprint, face or PIN. Otherwise, you use it after the password.",
    )


class PasskeySignInForm(LoginWebAuthnForm):  # type: ignore[misc] # allauth has no types
    """A passkey alone. A device still offers one that was removed here."""

    def clean_credential(self) -> Authenticator:
        """Its row. Raises ValidationError where it is nobody's, or the page was left open for too long."""
        try:
            return super().clean_credential()
        except ValidationError as error:
            raise ValidationError(
                "This passkey was not accepted. Try again; if it was removed here, sign in with your password."
            ) from error


class SignUpForm(SignupForm):  # type: ignore[misc] # allauth has no types
    """E-mail address, password and company; who was invited joins that company instead of making one."""

    field_order = ("company", "email", "password1")
    company = forms.CharField(
        label="Company", max_length=200, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.token = str(context.request.session.get(INVITATION, ""))
        self.invitation = find_invitation(self.token) if self.token else None
        _word(self.fields)
        if self.invitation:
            del self.fields["company"]
            self.fields["email"].initial = self.invitation.email

    def clean_email(self) -> str:
        """An invitation is for one address alone."""
        email = str(super().clean_email())
        if self.invitation and email != self.invitation.email:
            raise ValidationError(
                f"The invitation is for {self.invitation.email}. Use that address, or ask for another."
            )
        return email

    def save(self, request: HttpRequest) -> User:
        """The person with their membership, or neither."""
        try:
            with transaction.atomic():
                user = super().save(request)
        except ChangeRefused:  # the invitation was withdrawn in this moment; its page says so
            raise ImmediateHttpResponse(redirect("settings:invitation", token=self.token)) from None
        assert isinstance(user, User)
        return user

    def custom_signup(self, request: HttpRequest, user: User) -> None:
        """Whoever has an invitation's link reads that mailbox: the address is confirmed by it."""
        if self.invitation:
            get_adapter().stash_verified_email(request, self.invitation.email)
            accept(self.token, user)
            del request.session[INVITATION]
        else:
            create_company(self.cleaned_data["company"], user)


class ChangeAddressForm(AddEmailForm):  # type: ignore[misc] # allauth has no types
    """A new address, which takes the place of the old one once it is confirmed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "New e-mail address"
        self.fields["email"].widget.attrs.pop("placeholder", None)

    def save(self, request: HttpRequest) -> EmailAddress:
        """Its row, with the link sent. An earlier new one goes; allauth itself may remove the one in use."""
        EmailAddress.objects.filter(user=self.user, verified=False).exclude(email=self.user.email).delete()
        return EmailAddress.objects.add_email(request, self.user, self.cleaned_data["email"], confirm=True)


def _word(fields: dict[str, forms.Field]) -> None:
    """One name for an address on all pages, and labels alone: a placeholder goes with the first letter."""
    for name, field in fields.items():
        field.widget.attrs.pop("placeholder", None)
        if name in ("login", "email"):
            field.label = "E-mail address"


class InvitationForm(forms.Form):
    """Whom to invite, as what."""

    email = forms.EmailField(label="E-mail address", max_length=254)
    role = forms.ChoiceField(label="Role", choices=Membership.Role, initial=Membership.Role.MEMBER)


class RoleForm(forms.Form):
    """What somebody is to be."""

    role = forms.ChoiceField(choices=Membership.Role)


class ApiKeyForm(forms.Form):
    """What a key may do. `admin` is not among it: that opens the numbers of all companies, and staff give it."""

    scopes = forms.MultipleChoiceField(
        label="What it may do",
        choices=[(Scope.READ, "Read matters and advice"), (Scope.WRITE, "Ask questions and answer them")],
        initial=[Scope.READ, Scope.WRITE],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one."},
    )
