"""What a reviewer sends. Line ends come as browsers send them, and are stored as the text has them."""

from typing import Any

from django import forms

from companies.models import User

MOST_CHARACTERS = 200_000  # of an advice


class Words(forms.CharField):
    """A text of several lines, as it was typed."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.Textarea, strip=False, **options)

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")


class ActForm(forms.Form):
    """One of the desk's acts, with what it needs; the desk itself says what is missing."""

    act = forms.ChoiceField(
        choices=[(name, name) for name in ("take", "give_back", "approve", "send_back", "withdraw", "comment")]
    )
    seen = forms.CharField(required=False, max_length=64)
    passage = Words(required=False)
    words = Words(required=False)


class EditForm(forms.Form):
    """The whole text of a new version."""

    text = Words(max_length=MOST_CHARACTERS, label="Text of the new version, in Markdown")


def reviewers() -> Any:
    """Staff who may review."""
    staff = User.objects.filter(is_active=True, is_staff=True).order_by("email")
    return [user for user in staff if user.has_perm("advice.review_advice")]
