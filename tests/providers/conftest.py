import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(
	0, str(Path(__file__).parents[2])
)  # `host` is a folder of the repository, not an installed package

from host.providers import LocalProviders


@pytest.fixture
def providers() -> Iterator[LocalProviders]:
	with LocalProviders() as running:
		yield running
		assert running.faults.unused() == [], "a test queued a fault that never happened"
