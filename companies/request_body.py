"""What a call of the API sends, read in one way everywhere."""

from typing import Any

from ninja import Schema
from pydantic import ConfigDict, model_validator

_NULL = {"type": "null"}


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
        described = handler.resolve_ref_schema(schema).get("properties", {})
        for name, field in cls.model_fields.items():
            if not field.is_required() and _NULL not in described[name].get("anyOf", []):
                described[name] = {"anyOf": [described[name], _NULL]}
        return schema
