"""What changed from one version of a playbook to the next, for whoever reviews it."""

import difflib

from playbooks.models import PlaybookVersion


def changes_since_before(version: PlaybookVersion) -> list[str]:
    """Lines of a unified diff against the version that was loaded before; none for the first one."""
    before = version.playbook.versions.filter(pk__lt=version.pk).order_by("-pk").first()
    if before is None:
        return []
    old, new = (f"{version.playbook.slug} {each.content_hash[:12]}" for each in (before, version))
    return list(difflib.unified_diff(_lines(before), _lines(version), old, new, lineterm=""))


def _lines(version: PlaybookVersion) -> list[str]:
    """The title, the day of the law, and the sections, as the file has them."""
    head = [f"title: {version.title}", f"law_as_of: {version.law_as_of}", f"topics: {', '.join(version.topics)}"]
    sections = version.sections.order_by("position").values_list("heading", "text")
    return head + [line for heading, text in sections for line in (f"## {heading}", *text.splitlines())]
