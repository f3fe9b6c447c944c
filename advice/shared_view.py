"""What a share link shows: to whoever has it, without an account, and with nothing that leads further."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from advice.markup import VERDICTS, advice_html, cited_markers
from advice.models import ShareLink
from advice.notice import notice_beside
from advice.review.badge import standing_of
from advice.sharing import open_link

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
    facts, cited = attempt.facts if link.facts else [], cited_markers(attempt.text)
    standing = standing_of(attempt)
    counts = {verdict: sum(check.verdict == verdict for check in checks) for verdict in VERDICTS}
    return {
        "link": link,
        "attempt": attempt,
        "matter": attempt.matter,
        "review": standing,
        "notice": notice_beside(attempt, standing),
        "html": advice_html(attempt.text, attempt.sources, facts, checks),
        "facts": facts,
        "cited": [source for source in attempt.sources if source["marker"] in cited],
        "others": [source for source in attempt.sources if source["marker"] not in cited],
        "verdicts": [(*VERDICTS[verdict], count) for verdict, count in counts.items() if count],
    }
