"""Records made by an allow-list: the fields of the model are all that leaves a client."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, ValidationError, model_validator


class Record(BaseModel):
    """One record, or a part of one.

    A field is None where the provider says null or nothing. `redacted` names what it holds back, with its reason: such
    a field is not null, nobody here knows it. `unreadable` names fields whose value made no sense; they are None, too.
    Parts of fields are named with a dot: `vesting_events.vest_date`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    redacted: Mapping[str, str] = {}
    unreadable: tuple[str, ...] = ()

    def withheld(self, name: str) -> str | None:
        """Why the provider holds back the field `name`, a part of it or what it is part of; None where it does not."""
        return next((why for of, why in self.redacted.items() if _concerns(of, name)), None)

    def made_no_sense(self, name: str) -> bool:
        """Whether the field `name`, a part of it or what it is part of could not be read."""
        return any(_concerns(of, name) for of in self.unreadable)

    @model_validator(mode="wrap")
    @classmethod
    def _without_the_unreadable(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """One bad field costs that field, not the list. A record without id is none."""
        try:
            return _naming(handler(data), ())
        except ValidationError as error:
            bad = {str(detail["loc"][0]) for detail in error.errors(include_input=False) if detail["loc"]}
        if not isinstance(data, Mapping) or not bad:
            raise ValueError("no record")
        names = {field.alias or name: name for name, field in cls.model_fields.items()}
        record = handler({name: value for name, value in data.items() if name not in bad})
        return _naming(record, (names.get(name, name) for name in bad))


Some = TypeVar("Some", bound=Record)


def _concerns(hole: str, name: str) -> bool:
    return hole == name or hole.startswith(f"{name}.") or name.startswith(f"{hole}.")


def _naming(record: Some, unreadable: Iterable[str]) -> Some:
    """The record, which names these fields, and what is unreadable or redacted in its parts."""
    values = ((name, value if isinstance(value, tuple) else (value,)) for name, value in record)
    parts = [(name, part) for name, several in values for part in several if isinstance(part, Record)]
    senseless = {f"{name}.{field}" for name, part in parts for field in part.unreadable}
    withheld = {f"{name}.{field}": why for name, part in parts for field, why in part.redacted.items()}
    named = tuple(sorted({*record.unreadable, *unreadable, *senseless}))
    if named == record.unreadable and withheld.keys() <= record.redacted.keys():
        return record
    return record.model_copy(update={"unreadable": named, "redacted": {**withheld, **record.redacted}})


Item = TypeVar("Item", bound=Record)


@dataclass(frozen=True)
class Listing(Generic[Item]):
    """All pages of a list. Not `complete` where the provider repeated a page or had more pages than we ask for: then
    what is missing in it may exist, and nothing in it may be counted."""

    items: tuple[Item, ...]
    complete: bool = True

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)
