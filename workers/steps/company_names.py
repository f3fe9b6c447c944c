"""The name of the founder's own company in their words: "Can Demo Robotics fire its CTO?" names no person.

Companies are called like people, so a name is a company's only where nothing else can be meant. A question too many
is better than the records of somebody else.
"""

import re
from collections.abc import Iterable

from workers.steps.naming import is_named, read_names, without_accents

# No word that may stand behind a person's name: "Klein, co-founder", "Klein, company secretary", "Klein limited it".
_FORM = (
    r"(?:GmbH & Co\.? KG|(?i:inc|llc|l\.l\.c|llp|ltd|plc|pbc|gmbh|corp)|C(?i:orporation)|I(?i:ncorporated)|"
    r"L(?i:imited)|AG)(?![\w-])"
)
_FORMS_AT_THE_END = re.compile(rf"(?:,?\s+{_FORM}\.?)+\s*$", re.IGNORECASE)
# What a company does to "its CTO". "Tina Gone as its CTO" and "Tina Gone remains its CTO" are of a person.
_ACTS = r"(?i: +(?:\w+ly +|wants +to +)?(?:demote|dismiss|fire|let|pay|remove|replace|sack|suspend|terminate) +its\b)"
_COMPANY = "Company"


def without_companies(question: str, companies: Iterable[str], people: Iterable[str]) -> str:
    """`question` without accents, and with `Company` wherever it surely has one of the names `companies`.

    So it is right before a legal form, whichever (`Klein Inc`), and before what the company does to somebody of its own
    (`Demo Robotics fire its`): there the form may be missing, and may have a comma. It may not be missing behind a name
    of one word, or one that may name somebody of `people`, names all.
    """
    text = without_accents(question)
    people = list(people)
    names = {" ".join(_FORMS_AT_THE_END.sub("", without_accents(company)).split()) for company in companies}
    for name in sorted(names - {""}, key=len, reverse=True):
        may_be_a_person = " " not in name or any(is_named(read_names(name), person) for person in people)
        words = r"\s+".join(map(re.escape, name.split()))
        acting = rf"(?:,? +{_FORM}\.?){'+' if may_be_a_person else '*'}(?={_ACTS})"
        text = re.sub(rf"(?<![\w-])(?i:{words})(?:{acting}| +{_FORM})", _COMPANY, text)
    return text
