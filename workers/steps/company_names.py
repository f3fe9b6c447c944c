"""The name of the founder's own company in their words: "Can Demo Robotics fire its CTO?" names no person."""

import re
from collections.abc import Iterable

from workers.steps.naming import is_named, read_names, without_accents

_FORM = (
    r"(?:inc|incorporated|corp|corporation|co|company|llc|l\.l\.c|llp|lp|ltd|limited|plc|pbc|pty|"
    r"gmbh|ug|ag|kg|& co|se|sa|s\.a|sas|sarl|srl|bv|b\.v|nv|ab|aps|oy)\b"
)
_FORMS_AT_THE_END = re.compile(rf"(?:,?\s+{_FORM}\.?)+\s*$", re.IGNORECASE)
_COMPANY = "Company"


def without_companies(question: str, companies: Iterable[str], people: Iterable[str]) -> str:
    """`question` without accents, and with `Company` wherever it has one of the names `companies`, in whatever case.

    The legal form behind a name (Inc., GmbH) may be there or not. A name of one word counts with a form alone, and so
    does one that may name somebody of `people`, names all: "Klein" and "Zoe Klein" may as well be a person.
    """
    text = without_accents(question)
    people = list(people)
    names = {" ".join(_FORMS_AT_THE_END.sub("", without_accents(company)).split()) for company in companies}
    for name in sorted(names - {""}, key=len, reverse=True):
        may_be_a_person = " " not in name or any(is_named(read_names(name), person) for person in people)
        words = r"\s+".join(map(re.escape, name.split()))
        forms = rf"(?:\.?,?\s+{_FORM}){'+' if may_be_a_person else '*'}"
        text = re.sub(rf"(?<!\w){words}{forms}(?!\w)", _COMPANY, text, flags=re.IGNORECASE)
    return text
