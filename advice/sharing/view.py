"""What a share link shows: to whoever has it, without an account, and with nothing that leads further."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from advice.markup import advice_html, cited_and_others, verdicts_of
from advice.models import ShareLink
from advice.notice import notice_beside
from advice.review.badge import standing_of
from advice.sharing.links import open_link

HEADERS = {"X-Robots-Tag": "noindex, nofollow, noarchive", "Referrer-Policy": "no-referrer"}


@never_cache
@require_safe
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """The attempt as it was when it ended; one and the same answer for every link that is not good."""
    link = open_link(token)
    if link is None:
        response = render(request, "advice/share_ended.html", status=404)
    else:
        response = render(request, "advice/shared.html", _context(link))
    for name, value in HEADERS.items():
        response[name] = value
    return response


def _context(link: ShareLink) -> dict[str, object]:
    attempt, checks = link.attempt, list(link.attempt.checks.all())
    facts, standing = attempt.facts if link.facts else [], standing_of(attempt)
    cited, others = cited_and_others(attempt.sources, attempt.text)
    return {
        "link": link,
        "attempt": attempt,
        "matter": attempt.matter,
        "review": standing,
        "notice": notice_beside(attempt, standing),
        "html": advice_html(attempt.text, attempt.sources, facts, checks),
        "facts": facts,
        "cited": cited,
        "others": others,
        "verdicts": verdicts_of(checks),
    }
