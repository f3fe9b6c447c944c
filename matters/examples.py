"""Three questions to begin with: each is answered by a playbook that comes with the product."""

_EXECUTIVE = (
    "We want to let our CTO go at the end of the month. She works from California, has been with us for two years and "
    "holds options. What do we have to do, by when, and what does it cost us?"
)
_CONTRACTOR = (
    "A designer has worked for us full time for eight months and invoices us monthly. Are we right to treat him as a "
    "contractor, and what happens if we are not?"
)
_FOUNDER = (
    "My co-founder wants to leave after eighteen months. What happens to his shares, his board seat and the code that "
    "he wrote, and what should we sign?"
)
EXAMPLES: tuple[tuple[str, str], ...] = (
    ("Terminating an executive", _EXECUTIVE),
    ("Contractor or employee", _CONTRACTOR),
    ("A founder leaves", _FOUNDER),
)


def example_question(number: str | None) -> str:
    """The example's text; empty for a number that is none, whatever was sent."""
    return EXAMPLES[int(number) - 1][1] if number in ("1", "2", "3") else ""
