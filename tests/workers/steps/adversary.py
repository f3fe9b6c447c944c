"""A model that keeps to a schema and to nothing else: hypothesis strategies for the strict subset."""

from typing import Any

from hypothesis import strategies as st

from workers.steps.base import Schema

_ANY_CHARACTER = st.characters(exclude_categories=())  # NUL and lone surrogates too


def replies(schema: Schema) -> st.SearchStrategy[Any]:
    """Values that satisfy `schema`. A format is a hint to a model, not a rule: any text is generated for one."""
    if "anyOf" in schema:
        return st.one_of([replies(option) for option in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _BY_TYPE[schema["type"]](schema)


def _text(schema: Schema) -> st.SearchStrategy[str]:
    text = st.text(_ANY_CHARACTER, min_size=schema.get("minLength", 0), max_size=schema.get("maxLength"))
    return st.one_of(text, st.dates().map(str)) if schema.get("format") == "date" else text


def _number(schema: Schema) -> st.SearchStrategy[float]:
    least, most = schema.get("minimum"), schema.get("maximum")
    floats = st.floats(min_value=least, max_value=most, allow_nan=False, allow_infinity=False)
    return st.one_of(st.integers(least, most), floats)


def _list(schema: Schema) -> st.SearchStrategy[list[Any]]:
    return st.lists(replies(schema["items"]), min_size=schema.get("minItems", 0), max_size=schema.get("maxItems"))


def _object(schema: Schema) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({name: replies(sub) for name, sub in schema["properties"].items()})


_BY_TYPE = {
    "string": _text,
    "integer": lambda schema: st.integers(schema.get("minimum"), schema.get("maximum")),
    "number": _number,
    "boolean": lambda schema: st.booleans(),
    "null": lambda schema: st.none(),
    "array": _list,
    "object": _object,
}
