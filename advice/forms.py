"""What a founder sends from the page of a matter about its advice."""

from django import forms

from advice.sharing import DAYS


class ShareForm(forms.Form):
    """Which attempt to share, and how."""

    version = forms.IntegerField(min_value=1, max_value=999_999_999)
    attempt = forms.IntegerField(min_value=1, max_value=999_999_999)
    days = forms.TypedChoiceField(choices=[(days, str(days)) for days in DAYS], coerce=int)
    without_facts = forms.BooleanField(required=False)
