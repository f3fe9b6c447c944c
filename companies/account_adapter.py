"""What signing up and in do differently from django-allauth's own way."""

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from companies.models import User

logger = logging.getLogger(__name__)
NOT_SENT = "The e-mail could not be sent: our mail server is not responding. Wait a few minutes, then ask for it again."


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # allauth has no types
    """Says what to do in plain words, and outlives a mail server that is away."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "This e-mail address and password do not match. Check both and try again.",
        "too_many_login_attempts": "Too many failed tries. Wait five minutes, or reset your password.",
        "incorrect_password": "This is not your password. Check it and try again.",
        "enter_current_password": "This is not your current password. Check it and try again.",
        "email_taken": "This e-mail address already has an account. Sign in, or reset its password.",
        "same_as_current": "This is already your address. Enter the new one.",
        "rate_limited": "Too many tries. Wait a minute, then try again.",
    }

    def pre_login(self, request: HttpRequest, user: User, **login: Any) -> HttpResponse | None:
        """An address that staff gave or changed in the admin gets its row, not confirmed yet, at the next sign-in."""
        if user.email and not EmailAddress.objects.filter(user=user, email=user.email).exists():
            EmailAddress.objects.filter(user=user).delete()
            EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=False)
        response: HttpResponse | None = super().pre_login(request, user, **login)
        return response

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Whether it is confirmed. An address that another account has stays there, confirmed or not."""
        if User.objects.filter(email=email_address.email).exclude(pk=email_address.user_id).exists():
            messages.error(request, self.error_messages["email_taken"])
            return False
        return bool(super().confirm_email(request, email_address))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send it; where the mail server does not take it, say so on the page."""
        try:
            super().send_mail(template_prefix, email, context)
        except OSError as error:  # smtplib's errors are OSErrors too
            logger.error("an e-mail of the kind %s could not be sent: %s", template_prefix, error)
            messages.error(self.request, NOT_SENT)
