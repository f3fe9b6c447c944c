"""A valid answer made from the request's own JSON schema, the same each time for the same request."""

import json
import re
from typing import Any

# What a property of this name says, wherever its schema allows it: the way through the pipeline that needs no person
# but the founder.
SAYS: dict[str, Any] = {
    "relevant": True, "readable": True, "score": 85,
    "problem": None, "unit": None, "as_of": None, "hint": "", "choices": [],
}  # fmt: skip
PREFERRED = ("text", "founder", "USD")  # among the values of an enum
QUERIES = ("terminating an executive", "contractor or employee", "founder departure")
_TAGGED = r"<{0}\b[^>]*>(.*?)</{0}>"
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class AnswerMaker:
    """Makes an instance of `schema`. `asked` is what the user's messages say: an <answer> or a <question> in it is
    echoed where that makes sense. `questions`: how many of them derive_questions has, as far as its schema allows."""

    def __init__(self, schema: dict[str, Any], name: str, asked: str, *, questions: int) -> None:
        self._root = schema
        self._name = name
        self._questions = questions
        self._answer = _last_tagged("answer", asked)
        self._question = _last_tagged("question", asked)

    def make(self) -> Any:
        return self._value(self._root, "", 0)

    def _value(self, schema: dict[str, Any], name: str, index: int) -> Any:
        schema = self._resolved(schema, name)
        if name in SAYS and _allows(schema, SAYS[name]):
            return SAYS[name]
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._choice(schema["enum"], name)
        return self._by_type(schema, name, index)

    def _resolved(self, schema: dict[str, Any], name: str) -> dict[str, Any]:
        if "$ref" in schema:
            schema = self._root["$defs"][schema["$ref"].rpartition("/")[2]]
        options = schema.get("anyOf") or schema.get("oneOf")
        if options and not (name in SAYS and SAYS[name] is None):
            return self._resolved(next(o for o in options if o.get("type") != "null"), name)
        return {"type": "null"} if options else schema

    def _by_type(self, schema: dict[str, Any], name: str, index: int) -> Any:
        kinds = schema.get("type", "object")
        kind = kinds if isinstance(kinds, str) else next(kind for kind in kinds if kind != "null")
        if kind == "object":
            return {key: self._value(sub, key, index) for key, sub in schema.get("properties", {}).items()}
        if kind == "array":
            return [self._value(schema["items"], name, at) for at in range(self._count(schema, name))]
        if kind == "string":
            return self._string(schema, name, index)
        if kind == "boolean":
            return not re.match(r"\s*no\b", self._answer, re.IGNORECASE)
        if kind in ("integer", "number"):
            return self._number(schema, whole=kind == "integer")
        return None

    def _count(self, schema: dict[str, Any], name: str) -> int:
        wanted = {"questions": self._questions, "queries": 1 + len(QUERIES)}.get(name, 1)
        return int(max(schema.get("minItems", 0), min(wanted, schema.get("maxItems", wanted))))

    def _choice(self, values: list[Any], name: str) -> Any:
        if name in ("value", "currency"):
            said = self._answer.casefold()
            values = [v for v in values if isinstance(v, str) and v.casefold() in said] or values
        return next((value for value in PREFERRED if value in values), values[0])

    def _string(self, schema: dict[str, Any], name: str, index: int) -> str:
        if schema.get("format") == "date" or "\\d{4}" in schema.get("pattern", ""):
            found = _DATE.search(self._answer)
            return found[0] if found else "2024-03-03"
        text = self._words(name, index)[: schema.get("maxLength", 10_000)]
        return text.ljust(schema.get("minLength", 0), ".")

    def _words(self, name: str, index: int) -> str:
        if name in ("value", "statement", "answer") and self._answer:
            return self._answer
        if name == "queries":
            return (self._question[:80] or "question", *QUERIES)[index % (1 + len(QUERIES))]
        if name == "key":
            return f"fact_{index + 1}"
        if name == "wording" and self._question:
            return f"Please tell us: {self._question}"
        return f"{self._name} {name} {index + 1}".strip()

    def _number(self, schema: dict[str, Any], *, whole: bool) -> float | int:
        found = _NUMBER.search(self._answer)
        number = float(found[0].replace(",", "")) if found else 1.0
        number = float(min(max(number, schema.get("minimum", number)), schema.get("maximum", number)))
        return int(number) if whole or number.is_integer() else number


def _allows(schema: dict[str, Any], value: Any) -> bool:
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    names = {bool: "boolean", int: "integer", str: "string", list: "array", type(None): "null"}
    return names[type(value)] in kinds and len(str(value or "")) >= schema.get("minLength", 0)


def _last_tagged(tag: str, asked: str) -> str:
    """What stands in the last block of that tag; of a block of `name: value` lines, its text."""
    found = re.findall(_TAGGED.format(tag), asked, re.DOTALL)
    inside = found[-1].strip().replace("&lt;", "<") if found else ""
    return inside.partition("\n")[0].removeprefix("text: ") if inside.startswith("text: ") else inside


def reply_text(body: dict[str, Any], *, questions: int, replies: dict[str, Any]) -> str:
    """The content of a reply to a request, as JSON where it asks for a schema."""
    wanted = body.get("response_format", {}).get("json_schema")
    if wanted is None:
        return "pong"
    asked = "\n".join(str(message["content"]) for message in body["messages"] if message["role"] == "user")
    value = AnswerMaker(wanted["schema"], wanted["name"], asked, questions=questions).make()
    if wanted["name"] in replies:
        value = {**value, **replies[wanted["name"]]}
    return json.dumps(value)
