"""How the advice of listed matters was reviewed, in templates: their list knows no advice."""

from collections.abc import Iterable

from django import template

from advice.review.badge import listed_reviews
from matters.models import Matter

register = template.Library()


@register.filter
def with_reviews(matters: Iterable[Matter]) -> list[tuple[Matter, str]]:
    """Each of them with what became of the advice that stands: reviewed, stale, sent_back, or empty."""
    listed = list(matters)
    reviews = listed_reviews(listed)
    return [(matter, reviews.get(matter.pk, "")) for matter in listed]
