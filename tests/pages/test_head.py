"""Who asks for the headers of a page alone, as checkers of links do, is told what a browser would be told."""

from collections.abc import AsyncGenerator

import pytest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.test import AsyncRequestFactory, Client

from advice.api import EventStream
from config.middleware import head_as_get
from matters.models import Matter
from tests.pages.test_addresses_of_forms import addresses

pytestmark = pytest.mark.django_db
ONCE = {"X-Request-ID", "Expires", "Content-Length"}  # a page has a length of its own each time where it is compressed


def headers_of(answer: HttpResponseBase) -> dict[str, str]:
    return {name: value for name, value in answer.items() if name not in ONCE}


def test_every_page_answers_head_as_it_answers_get(page: Client, matter: Matter) -> None:
    own = [f"/matters/{matter.pk}/", f"/matters/{matter.pk}/answers/", f"/api/v1/matters/{matter.pk}"]
    elsewhere = ["/accounts/login/", "/accounts/2fa/", "/admin/", "/api/v1/docs"]
    for address in [*addresses(), *own, *elsewhere]:
        for headers in ({}, {"Accept-Encoding": "gzip"}):
            got, head = page.get(address, headers=headers), page.head(address, headers=headers)
            assert head.status_code == got.status_code, f"HEAD of {address} is another status"
            assert headers_of(head) == headers_of(got), f"HEAD of {address} has other headers"


def test_a_static_file_says_of_its_compressed_form_what_get_says(client: Client) -> None:
    address, headers = "/static/matterstream.css", {"Accept-Encoding": "gzip"}
    got, head = client.get(address, headers=headers), client.head(address, headers=headers)
    assert b"".join(got)
    assert head["Content-Encoding"] == "gzip"
    assert headers_of(head) == headers_of(got)


def test_a_program_that_posts_to_a_page_is_told_that_it_takes_head(page: Client) -> None:
    assert page.post("/facts/")["Allow"] == "GET, HEAD"


def asked_by_head(answer: HttpResponseBase) -> HttpResponseBase:
    """What is sent of a view's `answer` to a request by HEAD; the view sees GET, and whoever logs it HEAD."""
    request = AsyncRequestFactory().head("/")
    methods: list[str | None] = []

    def view(request: HttpRequest) -> HttpResponseBase:
        methods.append(request.method)
        return answer

    sent = head_as_get(view)(request)
    assert isinstance(sent, HttpResponseBase)
    assert [*methods, request.method] == ["GET", "HEAD"]
    return sent


def test_a_body_of_several_pieces_is_left_out_and_its_length_told() -> None:
    answer = asked_by_head(HttpResponse(b"x" * 200_000))
    assert isinstance(answer, HttpResponse)
    assert (answer.content, answer["Content-Length"]) == (b"", "200000")


async def test_a_stream_is_not_begun_for_who_will_not_read_it() -> None:
    begun: list[bool] = []

    async def frames() -> AsyncGenerator[bytes]:
        begun.append(True)
        yield b": connected\n\n"

    answer = asked_by_head(EventStream(frames(), content_type="text/event-stream"))
    assert isinstance(answer, StreamingHttpResponse)
    assert [piece async for piece in answer] == []
    assert begun == [], "somebody is read for who does not read"
    assert not answer.has_header("Content-Length"), "a stream has none"
