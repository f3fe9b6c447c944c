"""Documents to be written: an advice with one of everything, and texts that want to break out."""

from typing import Any

from advice.export.blocks import markdown_as_blocks, shown, words_as_blocks
from advice.export.document import Document, Fact, Source

EVERYTHING = """# First

Notice runs **at _once_** [P1], ~~not~~ later [F1].  
See [the code](https://example.org/a?b=1#c), [us](mailto:a@example.org) and `x = 1`.

- one
  - two

    more of two
- three

7. seven
8. eight

| State | Days |
|:------|-----:|
| CA    | 30   |
| NY    |      |

> quoted

```
def f(): pass
```

---

## Second

End.
"""  # noqa: W291 - two spaces make a line's end

SECTION = "### At once\n\n1. Pay."

TYPST = """# #panic("heading") $x$

#import "@preview/a:1.0.0": * #eval("1+1") #read("/etc/passwd") $ sum_x $ @ref <label> \\ // no /* no */ #sys.inputs

- #panic("item")

| #panic("cell") |
|----------------|
| $y$            |

`#panic("code")` *x* _y_ = z ~ -- ... ' " \\u{41}

[l](https://example.org/#panic())

```
#panic("block")
```
"""

SCRIPTS = (
    "مرحبا بالعالم\n\nשלום עולם\n\nनमस्ते, Ελλάδα, Привет\n\n"
    "漢字かな 한국 👍🏽 👨‍👩‍👧 x\u20dd a\u0301\u0489 \ufdd0 \x07 end"
)


def document(text: str, question: str = "May we let our CTO go?", **fields: Any) -> Document:
    """A document with `text` as its advice."""
    whole = Document(
        title=f"Advice: {shown(question)}",
        question=words_as_blocks(question),
        about=["Written on 20 November 2026, 14:05 UTC by the model test"],
        warning="",
        notice="Not legal advice.",
        advice=markdown_as_blocks(text),
        legend="✓ 1 quoted word for word",
        cited=[Source(marker="P1", heading="Final pay", about="Law", blocks=markdown_as_blocks(SECTION, top=3))],
        others=[Source(marker="P2", heading="Notice", about="Law as of 2026", blocks=words_as_blocks("Thirty days."))],
        facts=[Fact(marker="F1", label="Salary", value="185,000 USD", as_of="2026-01-01", source="founder")],
        created=1_764_000_000,
    )  # fmt: skip
    whole.update(fields)  # type: ignore[typeddict-item]
    return whole
