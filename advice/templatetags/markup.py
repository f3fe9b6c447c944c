"""Markdown of the playbooks in templates."""

from django import template
from django.utils.safestring import SafeString

from advice.markup import source_html

register = template.Library()


@register.filter
def source_markup(text: str) -> SafeString:
    """A playbook's section as harmless HTML."""
    return source_html(text)
