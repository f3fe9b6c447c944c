"""The states of the United States by their postal codes (USPS Publication 28, appendix B)."""

_NAMES = """
AL Alabama|AK Alaska|AZ Arizona|AR Arkansas|CA California|CO Colorado|CT Connecticut|DE Delaware
DC District of Columbia|FL Florida|GA Georgia|HI Hawaii|ID Idaho|IL Illinois|IN Indiana|IA Iowa|KS Kansas|KY Kentucky
LA Louisiana|ME Maine|MD Maryland|MA Massachusetts|MI Michigan|MN Minnesota|MS Mississippi|MO Missouri|MT Montana
NE Nebraska|NV Nevada|NH New Hampshire|NJ New Jersey|NM New Mexico|NY New York|NC North Carolina|ND North Dakota
OH Ohio|OK Oklahoma|OR Oregon|PA Pennsylvania|PR Puerto Rico|RI Rhode Island|SC South Carolina|SD South Dakota
TN Tennessee|TX Texas|UT Utah|VT Vermont|VA Virginia|WA Washington|WV West Virginia|WI Wisconsin|WY Wyoming
"""
STATES: dict[str, str] = {
    code: name for entry in _NAMES.replace("\n", "|").split("|") if entry for code, _, name in [entry.partition(" ")]
}
_BY_NAME = {name.casefold(): name for name in STATES.values()}


def other_names(text: str) -> tuple[str, ...]:
    """How the state that is all of `text` is written, `California` also as `CA` and `US-CA`; () for what is none."""
    state = state_name(text.strip().rstrip("."))
    code = next((code for code, name in STATES.items() if name == state), None)
    return (state, code, f"US-{code}") if state and code else ()


def state_name(region: str) -> str | None:
    """The state that `region` names, by code (`CA`, `US-CA`) or by name; None for what is none."""
    word = region.strip().removeprefix("US-").removeprefix("us-")
    return STATES.get(word.upper()) or _BY_NAME.get(word.casefold())
