"""What the tests of commands share."""

from __future__ import annotations

import pytest

from credit_udfs.workbook.sample import write_sample


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Synthetic attachments, in English; never changed."""
    return [str(path) for path in write_sample(tmp_path_factory.mktemp("sample"), lang="en")]
