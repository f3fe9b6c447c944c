"""What a founder sends from the pages of a matter: about its advice, and answers to many questions at once."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from advice.sharing.links import DAYS
from matters.forms import AnswerForm, PlainTextField
from matters.models import Question
from matters.states import AnswerKind

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


class OneOfManyForm(AnswerForm):
    """An answer among others in one form, where "I don't know" and "Still right" are boxes beside the input."""

    def __init__(self, question: Question, data: Mapping[str, Any] | None) -> None:
        super().__init__(question, data, prefix=str(question.pk))

    @property
    def typed(self) -> dict[str, str]:
        """What was sent of each field, as it came."""
        return {name: str(self.data.get(self.add_prefix(name), "")) for name in self.fields}

    @property
    def holds_something(self) -> bool:
        """Whether anything was typed, chosen or ticked."""
        return any(self.typed[name].strip() for name in ("answer", "words", "unknown", "offered"))

    def clean(self) -> dict[str, Any]:
        """Refuses a ticked box beside words, which would be lost. A choice can't be taken back, and is overruled."""
        cleaned = super().clean()
        is_choice = self.question.kind in (AnswerKind.YES_NO, AnswerKind.CHOICE)
        words = cleaned.get("words") or (cleaned.get("answer") if not is_choice else "")
        if words and (cleaned.get("unknown") or cleaned.get("offered")):
            raise ValidationError(
                "A box is checked, and an answer is typed as well. Uncheck the box, or clear the answer."
            )
        return cleaned
