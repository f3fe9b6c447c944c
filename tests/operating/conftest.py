"""One product for all that its operator sees: it keeps the e-mails that it sends, and has Flower and a collector of
traces beside it. The tests take it in the order of their files; the last one kills its workers.
"""

from collections.abc import Iterator

import pytest

from tests.fakes.otlp_receiver import Receiver, otlp_receiver
from tests.flower import Flower
from tests.operating.counted_rows import count_chunks
from tests.processes import Installation
from tests.sensitive import mail_address


@pytest.fixture(scope="package")
def receiver() -> Iterator[Receiver]:
    with otlp_receiver() as running:
        yield running


@pytest.fixture(scope="package")
def product(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("operating")
    with Installation(
        folder,
        workers=2,
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        EMAIL_URL=mail_address(folder),
        LLM_PRICES='{"fake-model": ["0.25", "2.00"]}',
    ) as running:
        count_chunks(running)
        yield running


@pytest.fixture(scope="package")
def flower(product: Installation) -> Iterator[Flower]:
    with Flower(product) as running:
        running.wait_for_workers(2)
        yield running
