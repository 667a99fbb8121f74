"""What every test runs under."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests import packaged
from tests.notices.sinks import Post, Web
from tests.packaged import Packages

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=300, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    """syncd as a Debian package, built once for all tests."""
    if why := packaged.lacking():
        pytest.skip(why)
    return packaged.build(tmp_path_factory.mktemp("packages"))


@pytest.fixture
def post() -> Iterator[Post]:
    """A mail server, not open yet."""
    post = Post()
    yield post
    post.close()


@pytest.fixture
def web() -> Iterator[Web]:
    """A web server, not open yet."""
    web = Web()
    yield web
    web.close()
