"""What a founder sends from the page of a matter about its advice."""

from django import forms

from advice.sharing import DAYS
from matters.forms import PlainTextField

LONGEST_REASON = 2_000  # code points


class ShareForm(forms.Form):
    """Which attempt to share, and how."""

    version = forms.IntegerField(min_value=1, max_value=999_999_999)
    attempt = forms.IntegerField(min_value=1, max_value=999_999_999)
    days = forms.TypedChoiceField(choices=[(days, str(days)) for days in DAYS], coerce=int)
    without_facts = forms.BooleanField(required=False)


class FeedbackForm(forms.Form):
    """Whether an attempt's advice was helpful, and why."""

    version = forms.IntegerField(min_value=1, max_value=999_999_999)
    attempt = forms.IntegerField(min_value=1, max_value=999_999_999)
    helpful = forms.TypedChoiceField(choices=[("yes", "yes"), ("no", "no")], coerce=lambda said: said == "yes")
    reason = PlainTextField(LONGEST_REASON, required=False)

    def message(self) -> str:
        """All errors in one line."""
        if "reason" in self.errors:
            return " ".join(str(error) for error in self.errors["reason"])
        return "Say whether the advice was helpful."
