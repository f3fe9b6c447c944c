"""Taking a file that is sent: bounded before it is looked at, on disk and not in memory, its name made harmless."""

import re
from pathlib import PurePosixPath
from tempfile import TemporaryFile

from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError

from companies.problems import Problem, invalid
from documents.reading.limits import MOST_BYTES

TOO_LARGE = f"The file is larger than {MOST_BYTES // 2**20} MB. Attach only the part that matters."
_ONE_FILE = "Choose one file and send it, as multipart/form-data."
_BODY_LIMIT = MOST_BYTES + 64 * 1024  # with the words of the form around it
_PIECE = 64 * 1024
_LONGEST_NAME = 120
_UNFIT = re.compile(r"[^\w .,()&+'’=@-]|[\x00-\x1f]")  # in a header, on a page, on any disk


def take_upload(request: HttpRequest) -> None:
    """Read a form's body, whether its length was declared or not: `request.POST` and `request.FILES` are there then.

    Raises Problem: 413 for more than a file may have, 400 for what is no form; UnreadablePostError.
    """
    with TemporaryFile() as body:
        size = 0
        while piece := request.read(_PIECE):
            size += len(piece)
            if size > _BODY_LIMIT:
                raise Problem(413, TOO_LARGE)
            body.write(piece)
        body.seek(0)
        # Where Django has what is not read yet; `request.read` has just come to its end.
        setattr(request, "_stream", body)  # noqa: B010
        setattr(request, "_read_started", False)  # noqa: B010
        request.META["CONTENT_LENGTH"] = str(size)
        request.upload_handlers = [TemporaryFileUploadHandler(request)]
        try:
            request.FILES  # noqa: B018 # parses the body
        except (MultiPartParserError, SuspiciousOperation):
            raise Problem(400, "The form can't be read. Send the file as multipart/form-data.") from None


def sent_file(request: HttpRequest) -> "UploadedFile[bytes]":
    """The one file of a form that was taken. Raises Problem: 400 where it is missing or not alone, 413."""
    if strange := (set(request.POST) | set(request.FILES)) - {"file", "question", "csrfmiddlewaretoken"}:
        raise invalid(min(strange), "There is no such field.")
    files = request.FILES.getlist("file")
    if len(files) != 1 or "file" in request.POST:
        raise Problem(400, _ONE_FILE, errors=[{"field": "file", "message": _ONE_FILE}])
    file = files[0]
    if (file.size or 0) > MOST_BYTES:
        raise Problem(413, TOO_LARGE)
    return file


def clean_name(sent: str | None) -> str:
    """A file's name without folders and without characters that mean something elsewhere; never empty."""
    name = " ".join(_UNFIT.sub(" ", (sent or "").replace("\\", "/").rpartition("/")[2]).split()).lstrip(". ")
    path = PurePosixPath(name or "document")
    ending = path.suffix if len(path.suffix) <= 10 else ""
    return path.name.removesuffix(ending)[:_LONGEST_NAME].rstrip(". ") + ending


def ending_of(name: str) -> str:
    """The ending of a clean name with its dot; "" where it has none."""
    return PurePosixPath(name).suffix
