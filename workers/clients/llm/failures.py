"""From what the provider or the network did to an LLMError.

Where the facts come from:
- OpenAI: codes `insufficient_quota`, `model_not_found`, `context_length_exceeded`, `rate_limit_exceeded`, and that the
  billing codes come with type `insufficient_quota`: https://platform.openai.com/docs/guides/error-codes
- Azure: 400 with code `content_filter`, 404 `DeploymentNotFound`:
  https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter
- llama.cpp: type `exceed_context_size_error` (https://github.com/ggml-org/llama.cpp/pull/15780); and a plain 500 that
  says "Context size has been exceeded." (https://github.com/ggml-org/llama.cpp/issues/19774)
- vLLM: "This model's maximum context length is …", a flat body and a number as `code`:
  https://github.com/vllm-project/vllm/issues/4667
- 402 for an account without money: https://docs.together.ai/docs/error-codes
- LiteLLM: 401, in later releases 403, with type `key_model_access_denied` for a model that is not the key's:
  https://github.com/winfunc/opcode/issues/358
- OpenRouter: 403 for words that were flagged, for a key that may not, and for one whose limit is reached; `metadata`
  tells them apart: https://openrouter.ai/docs/api/reference/errors-and-debugging
- xAI: 403 "Content violates usage guidelines", with no code: https://github.com/UKGovernmentBEIS/inspect_ai/pull/2267
"""

import re
from collections.abc import Mapping

import httpx2
import openai

from workers.clients.llm.call import Call
from workers.clients.llm.errors import DETAIL_LENGTH, Code, LLMCanceled, LLMError
from workers.retry_after import seconds_to_wait

_BY_WORD = {
    "insufficient_quota": Code.INSUFFICIENT_QUOTA,
    "credit_balance_exhausted": Code.INSUFFICIENT_QUOTA,
    "billing_hard_limit_reached": Code.INSUFFICIENT_QUOTA,
    "context_length_exceeded": Code.CONTEXT_OVERFLOW,
    "exceed_context_size_error": Code.CONTEXT_OVERFLOW,
    "content_filter": Code.CONTENT_FILTER,
    "content_policy_violation": Code.CONTENT_FILTER,
    "model_not_found": Code.UNKNOWN_MODEL,
    "DeploymentNotFound": Code.UNKNOWN_MODEL,
    "key_model_access_denied": Code.UNKNOWN_MODEL,
    "team_model_access_denied": Code.UNKNOWN_MODEL,
    "user_model_access_denied": Code.UNKNOWN_MODEL,
    "org_model_access_denied": Code.UNKNOWN_MODEL,
    "project_model_access_denied": Code.UNKNOWN_MODEL,
    "invalid_api_key": Code.UNAUTHORISED,
    "rate_limit_exceeded": Code.RATE_LIMITED,
}
_BY_STATUS = {
    401: Code.UNAUTHORISED,
    402: Code.INSUFFICIENT_QUOTA,
    403: Code.UNAUTHORISED,
    404: Code.UNKNOWN_MODEL,
    408: Code.UNAVAILABLE,
    409: Code.UNAVAILABLE,
    413: Code.CONTEXT_OVERFLOW,
    429: Code.RATE_LIMITED,
}
_EXPIRED = {
    Code.TIMED_OUT: "the whole call took longer than allowed",
    Code.STALLED: "no content came within the time allowed",
}
_REDIRECTED = "the model's server answers with a redirect; correct OPENAI_BASE_URL"
# "Request too large for … on tokens per min": a 429 that no waiting will cure.
_OVERFLOW = re.compile(r"maximum context length|context (size|length|window)|request too large", re.IGNORECASE)
# A 403 that is about one founder's words, and not about the key, which everybody's calls need.
_MODERATED = re.compile(
    r"(input|prompt|content|request|message) (was|is|has been) flagged|moderation|(usage|content) (guideline|polic)"
    r"|content.?filter|prompt injection|blocked .*guardrail",
    re.IGNORECASE,
)
_MODERATION_FIELDS = frozenset({"flagged_input", "patterns"})


def from_status(error: openai.APIStatusError) -> LLMError:
    """A response with an error status. 503 and all of 3xx and 4xx say that the request was not worked on; other 5xx may
    hide an answer that was made and lost."""
    headers = error.response.headers
    code, said = classify(error.status_code, error.body), describe(error.body)
    if 300 <= error.status_code < 400:
        code, said = Code.REDIRECTED, f"{_REDIRECTED} (Location: {headers.get('location')})"
    return LLMError(
        code,
        f"HTTP {error.status_code}: {said}",
        seen_by_model=error.status_code >= 500 and error.status_code != 503 and code is Code.UNAVAILABLE,
        retry_after=seconds_to_wait(headers),
        status=error.status_code,
        request_id=request_id_of(headers),
    )


def from_error_object(value: object, *, request_id: str | None) -> LLMError:
    """An `error` object that came with status 200: in the middle of a stream, or as the whole body."""
    return LLMError(classify(200, value), describe(value), seen_by_model=True, status=200, request_id=request_id)


def from_network(error: Exception, call: Call, *, request_id: str | None = None, answering: bool = False) -> LLMError:
    """No complete response: the call was canceled, ran out of time, or the connection failed. `answering`: status and
    headers had come."""
    if call.reason is not None:
        return LLMCanceled(call.reason, seen_by_model=call.sent, request_id=request_id)
    code = call.expired or _network_code(error, answering)
    status = 200 if answering else None
    detail = _EXPIRED[call.expired] if call.expired else f"{type(error).__name__}: {error}"
    return LLMError(code, detail, seen_by_model=call.sent, status=status, request_id=request_id)


def _network_code(error: Exception, answering: bool) -> Code:
    if isinstance(error, httpx2.TimeoutException):
        return Code.TIMED_OUT
    if isinstance(error, httpx2.DecodingError):
        return Code.MALFORMED
    return Code.CUT if answering else Code.UNAVAILABLE


def classify(status: int, body: object) -> Code:
    """`body` is the error object as the openai client gives it: the value of `error`, or the whole body without one."""
    error = body if isinstance(body, Mapping) else {}
    metadata = error["metadata"] if isinstance(error.get("metadata"), Mapping) else {}
    for word in (error.get("code"), error.get("type"), metadata.get("error_type")):
        if isinstance(word, str) and word in _BY_WORD and not (status == 429 and _too_large(body)):
            return _BY_WORD[word]
    if isinstance(error.get("code"), int) and status == 200:  # vLLM and llama.cpp in mid-stream
        status = error["code"]
    if status == 403 and (_MODERATION_FIELDS & metadata.keys() or _MODERATED.search(describe(body), 0, DETAIL_LENGTH)):
        return Code.CONTENT_FILTER
    if status not in (401, 403, 404) and _too_large(body):
        return Code.CONTEXT_OVERFLOW
    return _BY_STATUS.get(status, Code.BAD_REQUEST if 400 <= status < 500 else Code.UNAVAILABLE)


def _too_large(body: object) -> bool:
    return _OVERFLOW.search(describe(body), 0, DETAIL_LENGTH) is not None


def describe(body: object) -> str:
    """The provider's own words, for staff."""
    message = body.get("message") if isinstance(body, Mapping) else body
    return str(message if message else body)


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """OpenAI's x-request-id, or Azure's apim-request-id."""
    return headers.get("x-request-id") or headers.get("apim-request-id")
