"""The advice: draft_advice streams the model's text into the chunk rows, and ends the attempt."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from advice.models import AttemptStatus
from advice.notice import notice_for
from advice.services import begin_attempt, end_attempt, folded_text, streaming_attempt
from matters.facts.storing import moved_lines
from matters.models import CallOutcome, Fact, FactStatus, Matter
from matters.questions.gathering import may_advise
from matters.services import change_status, set_waiting
from matters.states import MatterStatus
from playbooks.search import load_playbook
from workers.admission import ADVICE_TOKENS, Admission, admitted, asker_of
from workers.calls import MadeCall, count_call, outcome_of
from workers.claims import Fenced, writing
from workers.clients.llm import Code, LLMError, NotAsked, Stream, Usage
from workers.outage import until_stored
from workers.prices import estimated_tokens, estimated_usage
from workers.prompts import Message
from workers.research import relevant_versions
from workers.runtime import chunk_writer, llm_client
from workers.steps import draft_advice as draft
from workers.steps.check_sources import check_sources
from workers.work import Work
from workers.writer import ChunkStream, StreamFenced

LONGEST_TEXT = 1_000_000  # code points: more than a large model writes at once, and far more than any advice needs
_TOO_LONG = "too_long"  # a finish reason of ours
_CUT_SHORT = {
    "length": "The model reached its length limit before the advice was finished.",
    "content_filter": "The model's provider stopped the text before it was finished.",
    _TOO_LONG: f"The model was stopped at {LONGEST_TEXT:,} characters: no advice needs as many.",
}
_TAKES_NO_MORE = frozenset({Code.CONTEXT_OVERFLOW, Code.BAD_REQUEST, Code.CONTENT_FILTER})
_UNSAID = "The model's server did not say that the text was finished."


def draft_advice(work: Work) -> None:
    """Have the advice written, and end the matter with it.

    It does not begin while two sources disagree about a fact. A model that stops at its length limit is asked once to
    go on; one that stops short, or is stopped at `LONGEST_TEXT`, leaves the advice `incomplete`.
    """
    matter = Matter.objects.get(pk=work.claim.matter_id)
    if moved_lines(matter).exists() and not _may_begin(work):
        return
    given = draft.DraftAdviceInput(
        matter.question,
        sources_of(matter),
        facts_of(matter),
        timezone.now().date(),
        matter.submitted_at.date(),
        settings.LLM_PLAYBOOK_CHARACTERS,
    )
    messages = draft.build_messages(given)
    model = matter.model or settings.LLM_ADVICE_MODEL
    with _admitted(work, model, messages) as admission, _open(work, model, messages) as stream:
        try:
            chunks = until_stored(lambda: _begin(work, model, given))
        except Exception:  # nobody will read what the model says, but it was asked
            used = estimated_usage(messages, "")
            call = MadeCall(model, messages, CallOutcome.CANCELED, usage=used, request_id=stream.request_id)
            work.log.add(call)
            raise
        reason, admission.usage = _store(work, model, given, messages, stream, chunks)
    if reason == "length" and until_stored(lambda: count_call(work.claim)):
        reason = _continue(work, model, given, messages, chunks)
    text = until_stored(lambda: folded_text(chunks.attempt_id))
    if not text.strip():
        code = Code.CONTENT_FILTER if reason == "content_filter" else Code.MALFORMED
        raise LLMError(code, "the model wrote nothing", seen_by_model=True)
    checks = _checks_of(text, given)
    until_stored(lambda: _finish(work, chunks, reason, len(text), checks))


def _may_begin(work: Work) -> bool:
    """Whether the advice begins, or has begun already. Raises Fenced."""
    with writing(work.claim) as matter:
        return streaming_attempt(matter) is not None or may_advise(matter)


def _continue(
    work: Work, model: str, given: draft.DraftAdviceInput, messages: list[Message], chunks: ChunkStream
) -> str | None:
    """Ask for the rest of a text that is too long for one answer; a model that takes no more leaves it as it is."""
    written = until_stored(lambda: folded_text(chunks.attempt_id))
    messages = draft.continuation_messages(messages, written)
    try:
        with _admitted(work, model, messages, second=True) as admission, _open(work, model, messages) as stream:
            reason, admission.usage = _store(work, model, given, messages, stream, chunks)
            return reason
    except LLMError as error:
        if error.code in _TAKES_NO_MORE:
            return "length"
        raise


def sources_of(matter: Matter) -> tuple[draft.AdviceSource, ...]:
    """The sections of the relevant playbooks, marked P1, P2, …; none where no playbook is relevant."""
    playbooks = [load_playbook(pk) for pk in relevant_versions(matter)]
    sections = [(playbook, section) for playbook in playbooks for section in playbook.sections]
    return tuple(
        draft.AdviceSource(
            marker=f"P{n}",
            playbook=playbook.slug,
            title=playbook.title,
            law_as_of=playbook.law_as_of.isoformat(),
            heading=section.heading,
            text=section.text,
            jurisdictions=playbook.jurisdictions,
            version=playbook.content_hash,
        )
        for n, (playbook, section) in enumerate(sections, start=1)
    )


def facts_of(matter: Matter) -> tuple[draft.AdviceFact, ...]:
    """The matter's facts, marked F1, F2, … in the order of their questions."""
    facts = matter.facts.select_related("question").order_by("question__position")
    return tuple(_advice_fact(f"F{n}", fact) for n, fact in enumerate(facts, start=1))


def _advice_fact(marker: str, fact: Fact) -> draft.AdviceFact:
    status = {FactStatus.KNOWN: "known", FactStatus.UNVERIFIED: "unverified"}.get(FactStatus(fact.status), "unknown")
    return draft.AdviceFact(
        marker=marker,
        label=fact.question.text,
        value=fact.value or "",
        unit=fact.unit,
        as_of=fact.as_of,
        source=fact.source,
        status=status,  # type: ignore[arg-type]
        statement=fact.statement,
        why=fact.question.why,
    )


def _admitted(
    work: Work, model: str, messages: list[Any], *, second: bool = False
) -> AbstractContextManager[Admission]:
    """Whether the advice may be written now. Raises LLMError, OverBudget, Fenced."""
    return admitted(asker_of(work.claim), model, estimated_tokens(messages), ADVICE_TOKENS, second=second)


def _open(work: Work, model: str, messages: list[Any]) -> Stream:
    """Call the model; returns when it begins to answer. No database connection is held while it writes."""
    try:
        return llm_client().stream(messages, model=model, call=work.call)
    except NotAsked:
        raise  # no call, so none is on record
    except LLMError as error:
        work.log.add_failed(model, messages, error)
        raise


def _begin(work: Work, model: str, given: draft.DraftAdviceInput) -> ChunkStream:
    """The attempt begins when the model does. Raises Fenced."""
    with writing(work.claim) as matter:
        set_waiting(matter, None, "the model answers")
        attempt = begin_attempt(
            matter,
            step_id=work.claim.step_id,
            epoch=work.claim.epoch,
            model=model,
            sources=[vars(source) for source in given.sources],
            facts=[vars(fact) | {"as_of": fact.as_of.isoformat() if fact.as_of else None} for fact in given.facts],
            notice=notice_for(model),
        )
    connection.close()
    return chunk_writer().open_stream(attempt.pk)


def _store(
    work: Work,
    model: str,
    given: draft.DraftAdviceInput,
    messages: list[Message],
    stream: Stream,
    chunks: ChunkStream,
) -> tuple[str | None, Usage]:
    """Store the text as it comes, and no more than `LONGEST_TEXT` of it; the finish reason when all of it is stored,
    and what was used. Raises LLMError, Fenced."""
    began, writer, start = time.monotonic(), chunk_writer(), chunks.offset
    outcome, code, said = CallOutcome.OK, "", ""
    room = LONGEST_TEXT - start
    came: list[str] = []
    try:
        for text in stream:
            came.append(text)
            writer.put(chunks, text[:room])
            room -= len(text)
            if room < 0:
                outcome = CallOutcome.CANCELED
                break
    except LLMError as error:
        outcome, code, said = outcome_of(error), str(error.code), error.detail
        raise
    except StreamFenced as fenced:
        outcome = CallOutcome.CANCELED
        raise Fenced(str(fenced)) from fenced
    finally:
        used = stream.usage or estimated_usage(messages, "".join(came))
        work.log.add(
            MadeCall(
                model,
                messages,
                outcome,
                kept=draft.to_keep(messages, given.sources),
                reply=said,
                wrote=chunks.attempt_id,
                start=start,
                usage=used,
                latency_ms=(time.monotonic() - began) * 1000,
                request_id=stream.request_id,
                error_code=code,
            )
        )
        _flush(chunks)
    return _TOO_LONG if room < 0 else stream.finish_reason, used


def _flush(chunks: ChunkStream) -> None:
    """Whatever came is stored before anything is decided about the attempt."""
    try:
        chunk_writer().flush(chunks)
    except StreamFenced as fenced:
        raise Fenced(str(fenced)) from fenced


def _checks_of(text: str, given: draft.DraftAdviceInput) -> list[dict[str, Any]]:
    """The text's claims, compared with the sources that they name."""
    sources = {source.marker: source.text for source in given.sources}
    facts = {fact.marker: draft.fact_text(fact) for fact in given.facts}
    return [vars(check) for check in check_sources(text, sources, facts)]


def _finish(
    work: Work, chunks: ChunkStream, reason: str | None, length: int, checks: Sequence[Mapping[str, Any]]
) -> None:
    """End attempt and matter in one transaction."""
    status = AttemptStatus.COMPLETE if reason == "stop" else AttemptStatus.INCOMPLETE
    why = "" if reason == "stop" else _CUT_SHORT.get(reason or "", _UNSAID)
    with work.finish({"finish_reason": reason, "length": length}) as matter:
        attempt = streaming_attempt(matter)
        if attempt is None or attempt.pk != chunks.attempt_id:
            raise Fenced("the attempt is not this step's any more")
        end_attempt(attempt, status, why, checks)
        change_status(matter, MatterStatus.ADVISED, "the advice is written")
