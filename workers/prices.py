"""What calls cost, and how many tokens one will use, as far as that can be told before it is made."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings

from workers.clients.llm import Usage

BYTES_PER_TOKEN = 4  # of English prose; other scripts have more bytes for each character, and more tokens
TOKENS_PER_MESSAGE = 8  # its role and its frame
MOST_TOKENS = 100_000_000  # a server may claim anything, and the column of the cost has an end
_FREE = (Decimal(0), Decimal(0))


def cost_of(model: str, prompt_tokens: int, completion_tokens: int) -> Decimal:
    """US dollars, by the settings' prices per million tokens; 0 for a model without a price."""
    prompt_price, completion_price = settings.LLM_PRICES.get(model, _FREE)
    cost: Decimal = (prompt_tokens * prompt_price + completion_tokens * completion_price) / 1_000_000
    return cost


def believable(usage: Usage | None) -> Usage:
    """A server's `usage` within what can be stored; none counts as nothing."""
    if usage is None:
        return Usage(0, 0)
    return Usage(*(max(0, min(count, MOST_TOKENS)) for count in (usage.prompt_tokens, usage.completion_tokens)))


def estimated_tokens(messages: Sequence[Any], more: str = "") -> int:
    """Tokens of a prompt: `messages`, and `more` that is sent with them, such as a schema."""
    contents = [str(message.get("content") or "") for message in messages]
    return sum(_size(text) for text in [*contents, more]) // BYTES_PER_TOKEN + TOKENS_PER_MESSAGE * len(contents)


def estimated_usage(messages: Sequence[Any], reply: str, more: str = "") -> Usage:
    """What a call has used whose server did not say so, or was cut off before it did; `reply` is what came."""
    return Usage(estimated_tokens(messages, more), _size(reply) // BYTES_PER_TOKEN)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
