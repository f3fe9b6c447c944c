"""As whom PostgreSQL runs: it refuses uid 0, so root needs another account without owning the machine's users.

For an ordinary user there is nothing to do. For root, in this order:
1. data that an ordinary user made: run as that user;
2. a user namespace in which uid 0 is called 65534: no chown, no new account, works with 0700 folders;
3. where namespaces are blocked (some containers): uid 65534 itself, which is given the data, and the capability
   to pass through folders of root where the container has it.
"""

import os
import shutil
import subprocess
from pathlib import Path

from config.embedded.server import ServerError

NOBODY = 65534
NAMESPACE = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
PASS_FOLDERS = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]


def account_prefix(folder: Path, program: Path) -> list[str]:
    """What stands before a PostgreSQL command line so that it runs as the owner of `folder`.

    As root it may hand `folder` (with all in it) to another owner. Raises ServerError.
    """
    if os.geteuid() != 0:
        return []
    owner = folder.stat()
    if owner.st_uid not in (0, NOBODY):
        return _as_user(owner.st_uid, owner.st_gid, folder, program)
    if _works(NAMESPACE, folder, program):  # not once the data belongs to NOBODY
        return NAMESPACE
    _give(folder, NOBODY)
    return _as_user(NOBODY, NOBODY, folder, program)


def _as_user(uid: int, gid: int, folder: Path, program: Path) -> list[str]:
    plain = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
    for prefix in (plain + PASS_FOLDERS, plain):
        if _works(prefix, folder, program):
            return prefix
    raise ServerError(
        "PostgreSQL does not run as root, and this machine allows no user namespace and no other account that reaches "
        f"{folder}. Start it as an ordinary user, or set DATABASE_URL."
    )


def _works(prefix: list[str], folder: Path, program: Path) -> bool:
    if shutil.which(prefix[0]) is None:
        return False
    script = 'test "$(id -u)" != 0 && test -w "$1" && "$2" --version'
    probe = subprocess.run([*prefix, "sh", "-c", script, "sh", folder, program], capture_output=True, check=False)
    return probe.returncode == 0


def _give(folder: Path, uid: int) -> None:
    if folder.stat().st_uid == uid:
        return
    for parent, names, files in os.walk(folder):
        for name in ("", *names, *files):
            os.chown(os.path.join(parent, name), uid, uid, follow_symlinks=False)
