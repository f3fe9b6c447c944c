"""What reading one document may cost, and the limits that the operating system holds for it."""

import resource

MOST_BYTES = 20 * 1024 * 1024  # of a file as it is attached
MOST_PAGES = 2_000
MOST_CHARACTERS = 2_000_000  # of text in all
MOST_PAGE_CHARACTERS = 100_000  # of text on one page: what PostgreSQL's search can index
MOST_EXPANDED = 100 * 1024 * 1024  # bytes of all that a DOCX, which is a ZIP file, unpacks to
MOST_ENTRIES = 5_000  # files in it
MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 20
WALL_SECONDS = 50.0  # a proxy in front of us waits for a minute
_FILES = 32  # open at once: the modules that are loaded are files, too


def confine() -> None:
    """Bind this process, for good: memory, CPU time, no written file, no further process, no core dump."""
    # At the soft limit of CPU time the system says why (SIGXCPU), at the hard one it only kills.
    for what, soft, hard in (
        (resource.RLIMIT_CPU, CPU_SECONDS, CPU_SECONDS + 1),
        (resource.RLIMIT_AS, MEMORY_BYTES, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_NOFILE, _FILES, _FILES),
        (resource.RLIMIT_NPROC, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        given = resource.getrlimit(what)[1]  # which nobody but root may raise
        hard = hard if given == resource.RLIM_INFINITY else min(hard, given)
        resource.setrlimit(what, (min(soft, hard), hard))
