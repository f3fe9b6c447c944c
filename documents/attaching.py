"""A file that a person or a program sends, attached: the same for the API and the page, which show the words alike."""

from uuid import UUID

from django.http import HttpRequest

from companies.models import User
from companies.problems import Problem, invalid
from documents.models import Document
from documents.reader import PATIENCE_SECONDS, BusyError, UnreadableError
from documents.services import attach_document
from documents.uploads import clean_name, sent_file
from matters.models import Question
from matters.services import NotAllowed


def attach_sent(request: HttpRequest, matter_id: UUID, question: str | None, by: User | None) -> tuple[Document, bool]:
    """Attach the file of a form that `take_upload` took. `question`: the id of the one it is for, if any.

    Returns as `attach_document` does. Raises Problem: 400, 409, 413 and 503, each with what to do.
    """
    sent = sent_file(request)
    assert sent.file is not None
    try:
        return attach_document(matter_id, sent.file, clean_name(sent.name), question_id=_id_of(question), by=by)
    except Question.DoesNotExist:
        raise invalid("question", "This matter has no such question.") from None
    except NotAllowed as error:
        raise Problem(409, str(error)) from error
    except UnreadableError as error:
        raise Problem(400, str(error), errors=[{"field": "file", "message": str(error)}]) from error
    except BusyError:
        wait = {"Retry-After": f"{PATIENCE_SECONDS:.0f}"}
        raise Problem(503, "Too many documents are being read now. Send it again in a moment.", headers=wait) from None


def _id_of(question: str | None) -> UUID | None:
    try:
        return UUID(question) if question else None
    except ValueError:
        raise invalid("question", "This is not a question's id.") from None
