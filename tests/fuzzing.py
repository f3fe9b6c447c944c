"""How many examples hypothesis tries: few in `make test`, many with the profile `fuzz` (`make fuzz`)."""

from hypothesis import settings

MANY = 50  # times as many


def register_profile() -> None:
    """For `--hypothesis-profile=fuzz`; before hypothesis's plugin looks for it."""
    settings.register_profile("fuzz", max_examples=100 * MANY, deadline=None, print_blob=True)


def is_long() -> bool:
    """Whether the profile `fuzz` is loaded."""
    return settings().max_examples > settings.get_profile("default").max_examples


def examples(few: int) -> int:
    """Two fifths of `few`, for twenty minutes are all that CI has; or many times as many."""
    return few * MANY if is_long() else max(few * 2 // 5, 3)
