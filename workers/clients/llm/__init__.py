"""Calls to the language model. See `LLMClient`, `Call`, `Stream`, `LLMError`."""

from workers.clients.llm.call import Call
from workers.clients.llm.client import LLMClient
from workers.clients.llm.errors import Code, LLMCanceled, LLMError, NotAsked
from workers.clients.llm.reply import Reply, Timeouts, Usage
from workers.clients.llm.stream import Stream

__all__ = ["Call", "Code", "LLMCanceled", "LLMClient", "LLMError", "NotAsked", "Reply", "Stream", "Timeouts", "Usage"]
