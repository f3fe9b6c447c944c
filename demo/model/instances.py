"""Values that satisfy a JSON schema of the strict subset: one from nothing, or one made from a value that is close."""

from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]

_FORMATS = {"date": "2026-01-01", "date-time": "2026-01-01T00:00:00Z", "time": "00:00:00", "email": "demo@example.com"}


def smallest(schema: Schema) -> Any:
    """The smallest value of the schema: first choices, least counts and lengths. None where its type is not known."""
    if options := schema.get("anyOf"):
        return smallest(options[0])
    if "const" in schema:
        return schema["const"]
    if enum := schema.get("enum"):
        return enum[0]
    kind = schema.get("type")
    make = _MAKERS.get(kind[0] if isinstance(kind, list) and kind else str(kind))
    return make(schema) if make else None


def conform(schema: Schema, value: Any) -> Any:
    """`value` with what the schema does not allow cut off, and what it lacks filled in."""
    if options := schema.get("anyOf"):
        return conform(next((o for o in options if _has_type(o, value)), options[0]), value)
    if "enum" in schema:
        return value if value in schema["enum"] else schema["enum"][0]
    if not _has_type(schema, value):
        return smallest(schema)
    if isinstance(value, dict):
        return {name: conform(sub, value.get(name)) for name, sub in schema.get("properties", {}).items()}
    if isinstance(value, list):
        kept = [conform(schema.get("items", {}), item) for item in value[: schema.get("maxItems", len(value))]]
        return kept + [smallest(schema.get("items", {}))] * max(0, schema.get("minItems", 0) - len(kept))
    return _within(schema, value)


def _within(schema: Schema, value: Any) -> Any:
    if isinstance(value, str):
        cut = value[: schema.get("maxLength", len(value))]
        return cut.ljust(schema.get("minLength", 0), "-")
    if isinstance(value, int | float) and not isinstance(value, bool):
        raised = max(value, schema.get("minimum", value))
        return min(raised, schema.get("maximum", raised))
    return value


def _has_type(schema: Schema, value: Any) -> bool:
    kinds = schema.get("type", [])
    return any(_IS[kind](value) for kind in ([kinds] if isinstance(kinds, str) else kinds) if kind in _IS)


def _text(schema: Schema) -> str:
    return _FORMATS.get(schema.get("format", ""), "demo"[: schema.get("maxLength", 4)]).ljust(
        schema.get("minLength", 0), "-"
    )


def _number(schema: Schema) -> Any:
    return _within(schema, 0)


def _list(schema: Schema) -> list[Any]:
    return [smallest(schema.get("items", {})) for _ in range(schema.get("minItems", 0))]


def _object(schema: Schema) -> dict[str, Any]:
    return {name: smallest(sub) for name, sub in schema.get("properties", {}).items()}


_MAKERS: dict[str, Callable[[Schema], Any]] = {
    "string": _text,
    "integer": _number,
    "number": _number,
    "boolean": lambda schema: False,
    "array": _list,
    "object": _object,
}
_IS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}
