"""From files to rows: a new version only for new content, one transaction for each file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from django.contrib.postgres.search import SearchVector
from django.db import transaction
from django.db.models import TextField, Value

from playbooks.models import Playbook, PlaybookVersion, Section
from playbooks.parsing import ParsedPlaybook, ParsedSection, parse_playbook

LIBRARY = Path(__file__).resolve().parent / "library"


@dataclass(frozen=True)
class Outcome:
    """What became of one playbook. `restored`: content that was loaded before is current again."""

    slug: str
    did: Literal["loaded", "restored", "unchanged", "retired"]
    content_hash: str


@transaction.atomic
def load_file(path: Path) -> Outcome:
    """Make the file's content the current version of its playbook; a PlaybookFileError leaves the old one current."""
    parsed = parse_playbook(path)
    playbook, _ = Playbook.objects.get_or_create(slug=parsed.front.id)
    Playbook.objects.select_for_update().get(pk=playbook.pk)  # two loaders at once: one after the other
    version = playbook.versions.filter(content_hash=parsed.content_hash).first()
    if version is None:
        _make_current(_insert_version(playbook, parsed))
        return Outcome(playbook.slug, "loaded", parsed.content_hash)
    if version.is_current:
        return Outcome(playbook.slug, "unchanged", parsed.content_hash)
    _make_current(version)
    return Outcome(playbook.slug, "restored", parsed.content_hash)


def retire_all_but(slugs: set[str]) -> list[Outcome]:
    """Retire the playbooks whose file is gone: no version of theirs stays current, every version stays readable."""
    gone = PlaybookVersion.objects.filter(is_current=True).exclude(playbook__slug__in=slugs)
    with transaction.atomic():
        rows = gone.order_by("playbook__slug").values_list("playbook__slug", "content_hash")
        outcomes = [Outcome(slug, "retired", content_hash) for slug, content_hash in rows]
        gone.update(is_current=False)
    return outcomes


def _make_current(version: PlaybookVersion) -> None:
    PlaybookVersion.objects.filter(playbook=version.playbook, is_current=True).update(is_current=False)
    PlaybookVersion.objects.filter(pk=version.pk).update(is_current=True)


def _insert_version(playbook: Playbook, parsed: ParsedPlaybook) -> PlaybookVersion:
    front = parsed.front
    version = PlaybookVersion.objects.create(
        playbook=playbook,
        content_hash=parsed.content_hash,
        title=front.title,
        jurisdictions=list(front.jurisdictions),
        law_as_of=front.law_as_of,
        topics=list(front.topics),
        facts_needed=[fact.model_dump(mode="json") for fact in front.facts_needed],
        review_state=front.review.state,
        review=front.review.model_dump(mode="json"),
        names="\n".join([front.title, *front.topics]),
    )
    Section.objects.bulk_create(
        _build_section(version, position, section) for position, section in enumerate(parsed.sections, start=1)
    )
    return version


def _build_section(version: PlaybookVersion, position: int, section: ParsedSection) -> Section:
    return Section(
        version=version,
        position=position,
        heading=section.heading,
        anchor=section.anchor,
        text=section.text,
        search_vector=_weigh(version.title, "A")
        + _weigh(" ".join(version.topics), "A", config="simple")
        + _weigh(section.heading, "B")
        + _weigh(section.text, "D"),
    )


def _weigh(text: str, weight: Literal["A", "B", "D"], config: Literal["english", "simple"] = "english") -> SearchVector:
    return SearchVector(Value(text, output_field=TextField()), config=config, weight=weight)
