"""Servers that notices are sent to."""

from collections.abc import Iterator

import pytest

from tests.notices.sinks import Post, Web


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
