"""The sites that whole runs are made on."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tools.on_site import OnSite

NO_MOODLE = pytest.mark.skipif(
    not (os.environ.get("SYNCD_TEST_MOODLE_URL") and os.environ.get("SYNCD_TEST_MOODLE_TOKEN")),
    reason="SYNCD_TEST_MOODLE_URL and SYNCD_TEST_MOODLE_TOKEN name no Moodle site.",
)

SITES = [
    pytest.param((False, False), id="sandbox"),
    pytest.param((False, True), id="sandbox-companion"),
    pytest.param((True, False), id="moodle", marks=NO_MOODLE),
    pytest.param((True, True), id="moodle-companion", marks=NO_MOODLE),
]


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OnSite]:
    """A corner of each site: the practice site and a real Moodle, without the companion plugin and with it."""
    moodle, companion = request.param
    site = OnSite(tmp_path, moodle=moodle, companion=companion)
    try:
        if companion and not site.has_companion:
            pytest.skip("this site has no companion plugin yet")
        yield site
    finally:
        site.leave()
