"""What a call of the API sends, read in one way everywhere."""

from typing import Any

from ninja import Schema
from pydantic import ConfigDict, model_validator


class RequestBody(Schema):
    """Unknown fields are refused, so that a misspelt one is not silently ignored.

    Null leaves a field out that need not be given: many clients send all the fields that they know.
    """

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, sent: Any) -> Any:
        given = getattr(sent, "_obj", sent)  # as it was sent, or in ninja's own reader of attributes
        if not isinstance(given, dict):
            return sent
        fields = cls.model_fields
        return {n: v for n, v in given.items() if v is not None or n not in fields or fields[n].is_required()}

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        """OpenAPI says so, too."""
        schema: dict[str, Any] = handler(core_schema)
        fields = handler.resolve_ref_schema(schema).get("properties", {})
        for name, field in fields.items():
            if name in cls.model_fields and not cls.model_fields[name].is_required() and not _takes_null(field):
                fields[name] = {"anyOf": [_without_notes(field), {"type": "null"}], **_notes(field)}
        return schema


_NOTES = ("title", "description", "default")


def _takes_null(field: dict[str, Any]) -> bool:
    return {"type": "null"} in field.get("anyOf", [])


def _without_notes(field: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in field.items() if name not in _NOTES}


def _notes(field: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in field.items() if name in _NOTES}
