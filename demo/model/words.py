"""Words and their stems, and the legal name of what founders say in their own words."""

import re
from collections.abc import Iterable

_WORD = re.compile(r"[^\W_][\w'’]*")
_ENDING_LIST = "ations ation ating ings ing ates ated ate ers ees ied ies ed er es al s e"
_ENDINGS = tuple(_ENDING_LIST.split())
_EMPTY_WORDS = (
    "a about after all also am an and any are as asked at be because been before being but by can could did do does "
    "doing don for from get getting give go going had has have he her hers him his how i if in into is isn it its just "
    "know last let like make may me might more month must my need new no not now of off on one or our out over own "
    "per please really right s she should so some something soon start still such take tell than that the their them "
    "then there they thing think this those time to today too until up us very want was way we week well were what "
    "when where which who why will with without won work working works would year years yes you your company startup "
    "start-up business question legal legally law happen happens happened many much someone person people since end "
    "best good help here keep put say says said use used two three four first next long"
)
EMPTY = frozenset(_EMPTY_WORDS.split())

LEGAL_NAMES: dict[str, tuple[str, ...]] = {
    "fire": ("terminating an executive", "termination of employment", "final pay and severance"),
    "dismiss": ("terminating an executive", "termination of employment", "final pay and severance"),
    "terminat": ("terminating an executive", "termination of employment", "severance and release"),
    "sack": ("terminating an executive", "termination of employment"),
    "cto": ("executive officer removal by the board",),
    "cfo": ("executive officer removal by the board",),
    "ceo": ("executive officer removal by the board",),
    "coo": ("executive officer removal by the board",),
    "cmo": ("executive officer removal by the board",),
    "vp": ("executive officer",),
    "executiv": ("executive officer removal by the board",),
    "contractor": ("contractor or employee", "worker classification", "ABC test misclassification"),
    "freelanc": ("contractor or employee", "worker classification", "ABC test misclassification"),
    "consultant": ("contractor or employee", "worker classification", "independent contractor"),
    "1099": ("contractor or employee", "worker classification", "independent contractor"),
    "misclassif": ("contractor or employee", "worker classification", "ABC test misclassification"),
    "cofound": ("founder departure", "unvested founder stock repurchase", "director resignation"),
    "co-found": ("founder departure", "unvested founder stock repurchase", "director resignation"),
    "found": ("founder departure", "founder vesting and repurchase"),
    "quit": ("resignation", "terminating an executive"),
    "resign": ("resignation", "terminating an executive"),
    "leav": ("departure", "terminating an executive"),
    "option": ("equity vesting and exercise", "option grants"),
    "equity": ("equity vesting and exercise", "repurchase of unvested stock"),
    "vest": ("equity vesting and exercise", "repurchase of unvested stock"),
    "hir": ("first employee", "offer letter"),
    "saf": ("SAFE and convertible note", "raising money from investors"),
    "nda": ("non-disclosure agreement", "invention assignment"),
    "trademark": ("trademark registration", "brand protection"),
    "privacy": ("privacy policy", "personal data"),
    "visa": ("H-1B transfer and termination", "immigration"),
}


_PHRASES: tuple[tuple["re.Pattern[str]", str], ...] = (
    (re.compile(r"\b(?:let|letting)\b(?=.{1,60}\bgo\b)|\bget(?:ting)? rid of\b|\blay(?:ing)? off\b", re.I), "fire"),
    (re.compile(r"\bpart(?:ing|ed)? (?:ways|company)\b|\bwalk(?:ing|ed)? away\b", re.I), "leave"),
    (re.compile(r"\bstep(?:ping|ped)? down\b", re.I), "resign"),
)


def words(text: str) -> list[str]:
    """The words that carry meaning, lower case, in order, each once; for "let her go" stands "fire", and so on."""
    for phrase, word in _PHRASES:
        text = phrase.sub(word, text)
    found = (word.lower().replace("’", "'").removesuffix("'s") for word in _WORD.findall(text))
    return list(dict.fromkeys(word for word in found if word not in EMPTY and len(word) > 1))


def stem(word: str) -> str:
    """`word` without its usual endings; at least three letters stay."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return _undoubled(word.removesuffix(ending))
    return word


def _undoubled(root: str) -> str:
    return root[:-1] if len(root) > 3 and root[-1] == root[-2] and root[-1] not in "aeiouls" else root


def stems(text: str) -> set[str]:
    return {stem(word) for word in words(text)}


def legal_names(text: str) -> list[str]:
    """The phrases of law for what `text` speaks of, in the order of its words, each once."""
    found = (phrase for word in words(text) for phrase in _names_of(word))
    return list(dict.fromkeys(found))


def _names_of(word: str) -> Iterable[str]:
    return LEGAL_NAMES.get(word) or LEGAL_NAMES.get(stem(word), ())
