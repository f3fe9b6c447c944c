"""Signing in by e-mail address."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm


class SignInForm(AuthenticationForm):
    """E-mail address, in any case, and password."""

    error_messages = {
        "invalid_login": "This e-mail address and password do not belong together. Check both and try again.",
        "inactive": "This account is closed. Ask your company's owner to open it again.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].widget = forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
        self.fields["username"].label = "E-mail address"

    def clean_username(self) -> str:
        """Addresses are stored in lower case."""
        return str(self.cleaned_data["username"]).lower()
