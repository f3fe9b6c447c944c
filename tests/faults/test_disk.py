"""The disk under PostgreSQL is full for a while."""

from pathlib import Path

import pytest

from tests.faults.breakable import Breakable
from tests.faults.faults_disk import CannotMountError, DiskFull
from tests.faults.load import Load

pytestmark = pytest.mark.xdist_group("faults: disk")


def test_nothing_acknowledged_is_missing_after_the_disk_was_full(product: Breakable) -> None:
    try:
        DiskFull().strike(product, Load(product, 0))
    except CannotMountError as error:
        pytest.skip(f"not tested: {error}")
    assert str(product.folder) not in Path("/proc/mounts").read_text(), "the small disk is still there"
