"""Static files as they are sent: compressed, once in each process, for whoever takes gzip."""

import gzip
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.http import FileResponse, HttpRequest
from whitenoise.middleware import WhiteNoiseMiddleware

TEXTS = ("text/css", "text/javascript", "image/svg+xml")
SMALLEST = 1_000  # bytes; what is smaller fits a packet as it is


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc] # whitenoise has no types
    """WhiteNoise sends what lies compressed beside a file; in a clone nothing does, and no step makes it.

    These files are the same for everybody: there is no secret in them that a length could betray.
    """

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> FileResponse:
        """The file, compressed where that is asked for and worth while."""
        response: FileResponse = WhiteNoiseMiddleware.serve(static_file, request)
        if response.status_code != 200 or not response.get("Content-Type", "").startswith(TEXTS):
            return response
        if int(response["Content-Length"]) < SMALLEST:
            return response
        response["Vary"] = "Accept-Encoding"
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            if request.method == "GET":
                _, path, _ = static_file.alternatives[-1]
                response.streaming_content = [_compressed(path, response["Last-Modified"])]
            response["Content-Encoding"] = "gzip"
            del response["Content-Length"]
        return response


@lru_cache(maxsize=200)
def _compressed(path: str, last_modified: str) -> bytes:
    """`last_modified` tells one state of a file from another."""
    return gzip.compress(Path(path).read_bytes(), mtime=0)
