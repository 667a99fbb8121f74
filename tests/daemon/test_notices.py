"""A daemon that tells people."""

import json
from pathlib import Path

from syncd.config import load
from syncd.daemon.notices import Notices
from tests.daemon.served import USERS, Served
from tests.end_to_end.daemon import PATIENCE
from tests.notices.sinks import Post, Web
from tests.run.workshop import good_users
from tests.waiting import wait_for

MAIL = """
[notices]
mail_to = ["it@example.org"]
mail_from = "syncd@example.org"
smtp_host = "127.0.0.1"
smtp_port = {port}
at_most_every = "0s"
"""


def refused(served: Served, name: str = "link.csv") -> None:
    """Let a link be dropped, which is never taken in."""
    (served.drop / name).symlink_to("/etc/passwd")


def hears(post: Post, count: int = 1) -> None:
    """Wait for mails."""
    wait_for(lambda: len(post.mails) >= count, PATIENCE, f"{count} mails; there are {post.subjects}")


def secret(folder: Path, text: str) -> None:
    """A file `secret` that holds one."""
    (folder / "secret").write_text(text)
    (folder / "secret").chmod(0o600)


def test_trouble_is_told_by_mail(served: Served, post: Post) -> None:
    """What happened, what to do, and nothing twice."""
    served.settings(USERS + MAIL.format(port=post.open()))
    served.start()
    refused(served)
    hears(post)
    assert post.subjects[0].startswith("[campus] link.csv can't be taken in: ")
    assert "file: link.csv" in post.text()
    assert served.stop() == 0
    served.start()
    served.stop()
    assert [subject for subject in post.subjects if "link.csv" in subject][1:] in ([], [post.subjects[0]])


def test_the_end_of_an_alarm_is_told_to_who_was_told_of_it(served: Served, post: Post) -> None:
    """A run that was held for long, and the word of a person."""
    alarms = '[alarms]\nevery = "1s"\nheld_after = "1s"\nfree_below = "0%"\n'
    served.settings(USERS + "guard = { rows_at_least = 9 }\n" + MAIL.format(port=post.open()) + alarms)
    served.start()
    served.drops(good_users(2))
    run = served.hears("run.waiting")["run"]

    def told(text: str) -> bool:
        return any(text in post.text(at) for at in range(len(post.mails)))

    wait_for(lambda: told("syncd approve") and told("since: "), PATIENCE, "the alarm")
    served.asked("reject", run=run)
    served.hears("alarm.over")
    wait_for(lambda: told("alarm: run.waiting"), PATIENCE, "its end")


def test_what_could_not_be_sent_is_sent_after_a_restart(served: Served, post: Post) -> None:
    """The mail server was away; that is said once, and so is its return."""
    port = post.open()
    post.close()
    served.settings(USERS + MAIL.format(port=port))
    served.start()
    refused(served)
    failed = served.hears("notices.failed")
    assert failed["way"] == "mail"
    assert f"port {port}" in failed["reason"]
    assert any("notices by mail" in trouble for trouble in served.status()["trouble"])
    (served.drop / "link.csv").unlink()
    served.stop()
    post.open(port)
    served.start()
    hears(post)
    assert "link.csv" in post.subjects[0]
    assert len(served.events("notices.failed")) == 1


def test_a_storm_is_few_mails_and_a_stop_does_not_wait_for_the_next(served: Served, post: Post) -> None:
    """The first at once; what comes within the next minutes waits, on the disk."""
    text = MAIL.format(port=post.open()).replace('"0s"', '"1h"')
    served.settings(USERS + text)
    served.start()
    refused(served)
    hears(post)
    for number in range(20):
        refused(served, f"{number}.csv")
    served.hears("file.refused", times=21)
    assert served.stop() == 0
    assert len(post.mails) == 1
    gathered = json.loads((served.state / "notices" / "gathered.json").read_text())
    assert [group["count"] for group in gathered["groups"]] == [20]


def test_a_person_tries_out_the_ways(served: Served, post: Post, web: Web) -> None:
    """The daemon sends a test by each, and says what failed; it does so by new settings, too."""
    served.settings(USERS)
    served.start()
    secret(served.folder, f"http://127.0.0.1:{web.open()}/HEMLIGT")
    served.settings(USERS + MAIL.format(port=post.open()) + 'ping_file = "secret"\n')
    served.asked("reload")
    assert served.asked("notices")["ways"] == {"mail": "", "ping": ""}
    assert post.subjects == ["[campus] a test: notices arrive"]
    post.busy, web.status = "451 later", 500
    ways = served.asked("notices")["ways"]
    assert "451 later" in ways["mail"]
    assert ways["ping"] == "it answers 500"


def test_the_address_of_the_ping_is_called_and_told_nowhere(served: Served, web: Web) -> None:
    """It is a secret; what fails is said once."""
    web.status = 404
    secret(served.folder, f"http://127.0.0.1:{web.open()}/HEMLIGT\n")
    served.settings(USERS + '[notices]\nping_file = "secret"\n')
    served.start()
    failed = served.hears("notices.failed", way="ping")
    assert failed["reason"] == "it answers 404"
    assert [(method, path) for method, path, _ in web.calls] == [("GET", "/HEMLIGT")]
    served.stop()
    assert "HEMLIGT" not in served.log.read_text()


def test_no_ping_comes_while_there_is_trouble(served: Served, web: Web) -> None:
    """Somebody elsewhere notices that it does not; when all is well it comes, and no more often than wanted."""
    secret(served.folder, f"http://127.0.0.1:{web.open()}/")
    served.settings(USERS + '[notices]\nping_file = "secret"\nping_every = "2m"\n')
    notices = Notices(served.folder)
    notices.go_by(load(served.folder / "syncd.toml", {}))
    notices.turn(1000.0, well=False)
    assert notices.next_at() == 1120.0
    notices.turn(1119.0, well=True)
    notices.turn(1120.0, well=True)
    wait_for(lambda: web.calls, PATIENCE, "a ping")
    notices.turn(1239.0, well=True)
    notices.close()
    assert len(web.calls) == 1
