"""One product for all faults that it survives whole, and one of a test's own for the others."""

from collections.abc import Iterator

import pytest

from tests.faults.breakable import Breakable, ask_little


@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Breakable]:
    """Two workers. Every fault puts it right again.

    Each process of the test run that does faults has one; their xdist groups are small, so that none waits for long.
    """
    with Breakable(tmp_path_factory.mktemp("breakable")) as running:
        ask_little(running)
        yield running


@pytest.fixture(autouse=True)
def _quick_matters(product: Breakable) -> None:
    ask_little(product)
