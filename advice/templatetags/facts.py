"""Values of facts as a person writes them."""

import re

from django import template

register = template.Library()


@register.filter
def readable(value: object) -> str:
    """Digits in groups of three, for a plain number of five digits or more; anything else as it is."""
    text = "" if value is None else str(value)
    number = re.fullmatch(r"(-?)(\d{5,})(\.\d+)?", text)
    return f"{number[1]}{int(number[2]):,}{number[3] or ''}" if number else text
