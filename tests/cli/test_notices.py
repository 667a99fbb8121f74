"""`syncd notices`: whether people can be told."""

import json
from collections.abc import Iterator

import pytest

from tests.cli.place import Place
from tests.daemon.test_notices import MAIL
from tests.notices.sinks import Post


@pytest.fixture
def post() -> Iterator[Post]:
    """A mail server, not open yet."""
    post = Post()
    yield post
    post.close()


def notices(place: Place, text: str) -> None:
    """Let a place have this table."""
    place.settings.write_text(place.settings.read_text() + text)


def test_a_test_is_sent_without_a_daemon(place: Place, post: Post) -> None:
    """By the command itself, as the settings have it."""
    notices(place, MAIL.format(port=post.open()))
    said = place.says("notices", "test")
    assert (said.code, said.out) == (0, "way   result  why\nmail  sent\n")
    assert post.subjects == ["[campus] a test: notices arrive"]


def test_a_way_that_failed_is_said_with_its_reason(place: Place, post: Post) -> None:
    """And the exit code says so, too."""
    post.busy = "451 later"
    notices(place, MAIL.format(port=post.open()))
    said = place.says("notices", "test", "--json")
    assert said.code == 1
    assert "451 later" in json.loads(said.out)["ways"]["mail"]


def test_nobody_to_be_told_is_said(either: Place) -> None:
    """With the keys that would change it."""
    said = either.says("notices", "test")
    assert said.code == 2
    assert "mail_to" in said.err


def test_the_check_of_the_settings_looks_at_secrets(place: Place) -> None:
    """A daemon would start without them; whoever checks wants to know."""
    notices(place, '[notices]\nping_file = "nowhere"\n')
    said = place.says("check")
    assert said.code == 2
    assert "notices.ping_file: can't be used" in said.err
