"""The e-mail that an invitation is."""

import logging

from django.core.mail import send_mail
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse

from companies.models import Company

logger = logging.getLogger(__name__)
NO_MAIL_SERVER = (
    "{} is invited, but no mail server is set up here (EMAIL_URL), so nothing was sent. The invitation, with its link, "
    "was written to the log of the web process. The link is good for seven days."
)
NOT_SENT = (
    "The invitation could not be sent: our mail server is not responding. Wait a few minutes, then send it again."
)


def send_invitation(request: HttpRequest, company: Company, email: str, token: str) -> bool:
    """Send the link to `email`. Returns whether the mail server took it."""
    link = request.build_absolute_uri(reverse("settings:invitation", args=[token]))
    text = render_to_string("settings/invitation.txt", {"company": company, "by": request.user, "link": link})
    try:
        send_mail(f"Join {company} on Matterstream".replace("\n", " "), text, None, [email])
    except OSError as error:  # smtplib's errors are OSErrors too
        logger.error("an invitation could not be sent: %s", error)
        return False
    return True
