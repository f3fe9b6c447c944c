"""The database goes away under eight matters: what can't be stored is refused, and no viewer has a gap."""

import pytest

from tests.faults.breakable import Breakable
from tests.faults.faults import Fault
from tests.faults.faults_postgres import ListenerTerminated, PostgresAway, PostgresRestarted
from tests.faults.test_faults import survive

pytestmark = pytest.mark.xdist_group("faults: postgres")


@pytest.mark.parametrize("fault", [PostgresRestarted(), PostgresAway(), ListenerTerminated()], ids=lambda f: f.name)
def test_nothing_is_lost_and_no_viewer_has_a_gap_by(fault: Fault, product: Breakable) -> None:
    survive(product, fault)
