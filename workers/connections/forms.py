"""What an owner gives to connect a provider. Secrets are never put back into a form that is shown again."""

from typing import Any

from django import forms

from companies.connections import Provider

LONGEST = 4096


def check_secret(text: str) -> None:
    """Refuse what is no printable ASCII, as all tokens are: they become part of a header. Raises ValueError."""
    if not text or not all("!" <= character <= "~" for character in text):
        raise ValueError("This has spaces or characters that no token has. Copy it again.")


class SecretField(forms.CharField):
    """A token or secret as it was pasted, without the blanks around it."""

    def __init__(self, missing: str, **kwargs: Any) -> None:
        widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "off", "spellcheck": "false"})
        super().__init__(max_length=LONGEST, error_messages={"required": missing}, widget=widget, **kwargs)

    def clean(self, value: Any) -> str:
        """The secret. Raises ValidationError."""
        text = str(super().clean(value))
        try:
            check_secret(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None
        return text


class RipplingForm(forms.Form):
    """Rippling's API token."""

    api_token = SecretField("Paste the API token.", label="API token")


class CartaForm(forms.Form):
    """Carta's client credentials."""

    client_id = SecretField("Paste the client id.", label="Client id")
    client_secret = SecretField("Paste the client secret.", label="Client secret")


FORMS: dict[str, type[forms.Form]] = {Provider.RIPPLING: RipplingForm, Provider.CARTA: CartaForm}
