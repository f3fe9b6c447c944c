"""A fake of any OpenAI-compatible server, in its own process and in the real wire format, that fails as it is told."""

from tests.fakes.llm.process import FakeLLM

__all__ = ["FakeLLM"]
