"""Many viewers: all of them come again after a crash of the web process, and who never reads harms nobody."""

import pytest

from tests.faults.breakable import Breakable
from tests.faults.faults import Fault
from tests.faults.faults_viewers import NeverRead, WebKilled
from tests.faults.test_faults import survive


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(f, id=f.name, marks=pytest.mark.xdist_group(f"faults: {f.name}"))
        for f in (WebKilled(), NeverRead())
    ],
)
def test_nothing_is_lost_by(fault: Fault, product: Breakable) -> None:
    survive(product, fault, matters=1)
