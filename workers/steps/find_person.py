"""Step find_person: whom of a provider's people the founder's question is about. No model: words are compared.

A name in the founder's words goes before a title, and one person whom both fit before all others. Unless exactly one is
left, the founder chooses; as where a title or a name is one person's, and a word may be the name of another one. Who
has left or is still to come is meant as well as who works here, but by their name alone. Titles and names are what
others wrote: they are compared, shown, and nothing else.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from workers.prompts.blocks import one_line
from workers.steps.company_names import without_companies
from workers.steps.naming import WORD, is_named, may_be_meant_besides, may_be_named, read_names, without_accents
from workers.steps.strangers import names_a_stranger

MOST_CHOICES = 7
NOBODY = "None of these"
_LONGEST = 60

# What founders and personnel systems call the same office. The first is its short name.
_OFFICES: tuple[tuple[str, ...], ...] = (
    ("ceo", "chief executive officer", "chief executive"),
    ("cto", "chief technology officer", "chief technical officer", "technology officer", "tech chief", "head of tech"),
    ("cfo", "chief financial officer", "chief finance officer", "finance chief"),
    ("coo", "chief operating officer", "chief operations officer"),
    ("cmo", "chief marketing officer"),
    ("cpo", "chief product officer"),
    ("cro", "chief revenue officer"),
    ("chro", "chief human resources officer", "chief people officer"),
    ("ciso", "chief information security officer"),
    ("cio", "chief information officer"),
    ("clo", "general counsel", "chief legal officer"),
)
_SAME_WORDS = {
    "vp": "vice president", "svp": "senior vice president", "evp": "executive vice president", "eng": "engineering",
    "engineers": "engineer", "developer": "engineer", "developers": "engineer", "dev": "engineer", "swe": "engineer",
    "designers": "designer", "managers": "manager", "sr": "senior", "jr": "junior", "hr": "human resources",
    "cofounder": "founder", "founders": "founder", "president's": "president",
}  # fmt: skip
_LITTLE = frozenset({"a", "an", "and", "at", "for", "head", "in", "junior", "lead", "of", "on", "senior", "the", "to"})
# "our first engineer" may be somebody whom the system does not know yet; an office is held by one person, new or not
_NOT_HERE_YET = re.compile(r"\b(?:engag(?:e|ing)|first|new|next|another)\b", re.IGNORECASE)
_NOT_WHO_IS_HERE = re.compile(
    r"\b(?:former(?:ly)?|ex|previous(?:ly)?|incoming|future|prospective|hir(?:e|ing)|recruit\w*)\b", re.IGNORECASE
)
_MAYBE_GONE = re.compile(
    r"\b(?:was|were|fired|dismissed|sacked|terminated|laid off|let go|resigned|quit|left|departed)\b", re.IGNORECASE
)
_SEVERAL_WORDS = re.compile(r"\b(?:co-?founder)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Person:
    """One of a provider's people; `title` may be empty. `away`: why they do not work here today, else empty.

    `details`: what tells them from others of the same name, the plainest first; of all people the same kinds in the
    same order, empty where it is not known.
    """

    id: str
    name: str
    title: str = ""
    away: str = ""
    details: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Name and title in one line, short enough for a choice; behind it, that they are not here."""
        line = ", ".join(part for part in (one_line(self.name), one_line(self.title)) if part) or "(no name)"
        short = line if len(line) <= _LONGEST else f"{line[: _LONGEST - 2].rstrip()} …"
        return f"{short} ({self.away})" if self.away else short


@dataclass(frozen=True)
class Identity:
    """By what a worker is known to another system; empty where it is not known."""

    id: str
    email: str
    name: str


@dataclass(frozen=True)
class Holder:
    """A person in the equity ledger, with what ties them to a worker; empty where it is not given."""

    person: Person
    employee_id: str
    email: str


@dataclass(frozen=True)
class Match:
    """Exactly one fits; `how` says by what."""

    person: Person
    how: str


@dataclass(frozen=True)
class Choice:
    """The founder is to say: `labels` differ, and each stands for the person at its place."""

    people: tuple[Person, ...]
    labels: tuple[str, ...]


def find_person(question: str, people: Sequence[Person], companies: Collection[str] = ()) -> Match | Choice:
    """Whom `question`, in the founder's words, is about. `companies`: what theirs is called, which is nobody's name."""
    people = _in_order(people)
    of_people = without_companies(question, companies, (person.name for person in people))
    names = read_names(of_people)
    named = [person for person in people if is_named(names, person.name)]
    holders = [person for person in people if _has_title(question, person.title)]
    titled = [person for person in holders if _may_hold_it(question, person)]
    perhaps = [person for person in people if may_be_named(names, person.name)]
    both = [person for person in named if person in holders]
    if both:
        rivals = [person for person in perhaps if person in holders and person not in both]
    elif named:
        rivals = titled or [p for p in people if p not in named and may_be_meant_besides(names, p.name, named[0].name)]
    else:
        rivals = [person for person in perhaps if person not in titled]
    if len(found := both or named or titled) == 1 and not rivals and (named or _is_plain(of_people, found[0])):
        by = " and ".join(word for word, there in (("name", bool(named)), ("title", bool(both or not named))) if there)
        return Match(found[0], f"the only one whose {by} your question has")
    said = set(_words(question)) - _LITTLE
    likely = sorted(people, key=lambda p: (-len(said & set(_words(p.title))), not offices_in(p.title)))
    return choice_of([*both, *named, *perhaps, *titled, *holders, *likely])


def find_holder(
    question: str, holders: Sequence[Holder], worker: Identity | None, companies: Collection[str] = ()
) -> Match | Choice:
    """Whom in the equity ledger `question` is about: the holder with the worker's id, else with their e-mail address.

    A name proves nothing here: who has neither is confirmed by the founder, those of the same name shown first.
    Without a worker it is whom the question names; `companies` as in `find_person`.
    """
    people = _in_order([holder.person for holder in holders])
    if worker is None:
        return find_person(question, people, companies)
    for field, of_worker in (("employee_id", worker.id), ("email", worker.email)):
        same = [h.person for h in holders if of_worker and getattr(h, field).casefold() == of_worker.casefold()]
        if len(same) == 1:
            return Match(
                same[0], f"the only one with the same {field.replace('_id', ' id').replace('email', 'e-mail')}"
            )
        if same:
            return choice_of([*same, *people])
    named = set(_words(worker.name))
    return choice_of(sorted(people, key=lambda person: -len(named & set(_words(person.name)))))


def to_be_confirmed(found: Match | Choice, people: Sequence[Person]) -> Choice:
    """What a list that did not come to its end is worth: somebody who is missing in it may fit as well."""
    return choice_of([found.person, *people]) if isinstance(found, Match) else found


def choice_of(people: Iterable[Person]) -> Choice:
    """The first of `people`, each once, under labels that differ by what distinguishes them, else by their records."""
    chosen = tuple(dict.fromkeys(people))[:MOST_CHOICES]
    labels: list[str] = []
    for person in chosen:
        twins = [other for other in chosen if other.label.casefold() == person.label.casefold()]
        label = f"{person.label} ({detail})" if (detail := _told_apart(person, twins)) else person.label
        while label.casefold() in {other.casefold() for other in [*labels, NOBODY]}:
            label = f"{label} (record {one_line(person.id)})"
        labels.append(label)
    return Choice(chosen, tuple(labels))


def _told_apart(person: Person, twins: Sequence[Person]) -> str:
    """The first of the details by which all `twins` differ; the record where there is none, nothing of who has none."""
    if len(twins) == 1:
        return ""
    for place, detail in enumerate(person.details):
        each = {twin.details[place] for twin in twins}
        if len(each) == len(twins) and all(each):
            return detail
    return f"record {one_line(person.id)}"


def _in_order(people: Iterable[Person]) -> list[Person]:
    """Who is here first, by name. The provider's own order need not be the same next time."""
    return sorted(people, key=lambda person: (bool(person.away), person.name, person.title, person.id))


def _has_title(question: str, title: str) -> bool:
    """Whether they name the same office, or the question has every word of the title that says something."""
    if offices := offices_in(title):
        return bool(offices & offices_in(question))
    wanted = set(_words(title)) - _LITTLE
    return bool(wanted) and wanted <= set(_words(question)) and not _NOT_HERE_YET.search(question)


def _may_hold_it(question: str, holder: Person) -> bool:
    """Whether one of a title is meant by it alone: who works here, but for words of the past or of what is to come."""
    if _NOT_WHO_IS_HERE.search(question):
        return bool(holder.away)
    return not holder.away or _MAYBE_GONE.search(question) is not None


def _is_plain(question: str, holder: Person) -> bool:
    """Whether the only one of a title is surely meant: they work here, and nobody else may be named."""
    names = {name for office in _OFFICES if office[0] in offices_in(holder.title) for name in office}
    called = {word for name in (holder.title, *names) for word in _words(name)} - _LITTLE
    called |= {short for short, long in _SAME_WORDS.items() if called.issuperset(long.split())}
    return not holder.away and not names_a_stranger(question, holder.name, called)


def offices_in(text: str) -> frozenset[str]:
    """The short names of the offices that `text` speaks of."""
    line = f" {' '.join(_words(text))} "
    return frozenset(names[0] for names in _OFFICES if any(f" {name} " in line for name in names))


def _words(text: str) -> list[str]:
    joined = _SEVERAL_WORDS.sub("founder", without_accents(text))
    lower = (word.casefold().replace("’", "'").removesuffix("'s") for word in WORD.findall(joined))
    return [word for said in lower for word in _SAME_WORDS.get(said, said).split()]
