"""`look`, by which every other test here looks at a page, finds a fault in whichever of the four views it is."""

import pytest

from tests.e2e.conftest import OpenPage, look

PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>A page</title><style>:root { color-scheme: light dark } STYLE</style></head>
<body><main><h1>A page</h1><p>Words</p><div hidden><img src="data:,"></div></main></body></html>"""
WIDE, NARROW = "(min-width: 1000px)", "(max-width: 500px)"
PALE, UNNAMED, BROAD = "p { color: #777; background: #888 }", "div { display: block !important }", "p { width: 2000px }"


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_a_fault_of_one_view_is_found(open_page: OpenPage, width: str) -> None:
    page = open_page()
    page.set_content(PAGE.replace("STYLE", ""))
    look(page, "faultless", keep=False)
    for when, fault, words in (
        (f"{width} and (prefers-color-scheme: light)", PALE, "color-contrast"),
        (f"{width} and (prefers-color-scheme: dark)", PALE, "color-contrast"),
        (width, UNNAMED, "image-alt"),
        (width, BROAD, "px wider than a window"),
    ):
        page.set_content(PAGE.replace("STYLE", f"@media {when} {{ {fault} }}"))
        with pytest.raises(AssertionError, match=words):
            look(page, "faulty", keep=False)
