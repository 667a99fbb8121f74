"""The events of the log, each with what it means; `docs/LOG.md` says the same to administrators.

`packaging/systemd/syncd.catalog` says for each what to do about it: `journalctl -x` shows that.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """A kind of event.

    `id` is its MESSAGE_ID, by which the journal finds what the catalog says: made once (`systemd-id128 new`), and never
    changed. What is `remarkable` is no trouble, but people read the log for it: the journal has it as a notice, where
    the log says "info". Where it `ends` some trouble, that is the event which told of it: who is told of the one is
    told of the other; the end of an alarm has that event as its field `alarm`.
    """

    meaning: str
    id: str
    remarkable: bool = False
    ends: str = ""


EVENTS: dict[str, Event] = {
    # The daemon
    "daemon.started": Event("syncd begins, with these settings", "360b6c892d7b4d2db9acc72a0e67e71f", remarkable=True),
    "daemon.ready": Event(
        "start-up is done: from now on dropped files are noticed",
        "1d7e98ea550640b98afde9c802f0d1e3",
        remarkable=True,
    ),
    "daemon.stopped": Event(
        "syncd ended; what was under way waits for the next start",
        "7a81afc788c741b183b027e81784b7c1",
        remarkable=True,
    ),
    "settings.reloaded": Event("changed settings are in force", "953464c006a2435dbe8f288bb064b2c9", remarkable=True),
    "settings.refused": Event(
        "changed settings are wrong; the old ones stay in force",
        "65c3bacf7eae4ccda1cf194ae40be622",
    ),
    "request.received": Event("somebody asked the running daemon for something", "bda91fb942864371ab675217b172d997"),
    "request.failed": Event("what somebody asked for met a defect of syncd", "2575e677bd3340b5beff7ee76d5ae21a"),
    "library.complained": Event("a library that syncd uses logged a warning", "6106a9c2cf1c4907a86fab00026c7879"),
    # Dropped files
    "file.arrived": Event("a dropped file is in the repository", "62627de748434cf384b0ed770a3458e6"),
    "file.refused": Event(
        "a dropped file can't be taken in and was left where it is",
        "f63cbb05485345b593a60b47d54d0391",
    ),
    "file.unreadable": Event(
        "a file of the repository may not be read by syncd, so no tool runs on it",
        "81b5f2c1274f49918cf7706d0fc80832",
    ),
    "file.archived": Event("a file that was run, or refused, lies in the archives", "a4883fce0dd0494c823bfefef879f08f"),
    "intake.failed": Event(
        "taking in dropped files met a defect of syncd; it tries again",
        "8ecf707a939e4a2384f5642e38fe3e0f",
    ),
    "upload.stuck": Event(
        "an upload has not come to rest for longer than stuck_after",
        "8f973f71a0ad43c99a0e429ef0b3fc2b",
    ),
    "upload.broken": Event(
        "sshd says that an upload broke off: it is kept until it was resumed and closed, or uploaded again",
        "21e50a4140dc4f42adee75893f6ca798",
        remarkable=True,
    ),
    "sshd.unheard": Event(
        "syncd can't read in the journal what sshd says of uploads; settle decides",
        "13760b03de8d4a9a94f2b5648f5d7e30",
    ),
    "sshd.heard": Event("it can again", "ffdfab032bec4f748adafcf8500d306b", remarkable=True),
    "drop.held": Event(
        "the sender's hold file keeps everything in the drop folder",
        "9884620652114fbf87e52378d9975c8a",
    ),
    "drop.gone": Event("the drop folder can't be read", "8b3b12902c374ab68d17f32546f80596"),
    "drop.back": Event(
        "the drop folder can be read again", "e2201820e2b44d20b7b4f38716592cab", remarkable=True, ends="drop.gone"
    ),
    "watch.armed": Event("the kernel tells of changes in the drop folder", "c37e4a435a8d4a9aa1cd66f41ab0bf72"),
    "watch.off": Event(
        "syncd looks into the drop folder every poll_every, and does not rely on the kernel to tell",
        "7db4b3f96b434ab79c580ebf45fb65f5",
    ),
    "watch.storm": Event(
        "so much happens in the drop folder that syncd looks by itself until it is quiet",
        "ac58af54fa7544c69a052a78fed6bcd5",
    ),
    "watch.lost": Event(
        "the kernel tells nothing of the drop folder; syncd looks by itself every poll_every",
        "972c4772c835433c8eca0c324206a77b",
    ),
    "watch.deaf": Event(
        "a file made to try it out was not told of by the kernel; syncd looks by itself every poll_every",
        "648fc7ecdc714c83a9550bb0479a0b46",
    ),
    "watch.back": Event(
        "such a file was told of again: dropped files are noticed at once",
        "b70e6feabe5f4ae18173b8d0ba57edff",
        remarkable=True,
        ends="watch.deaf",
    ),
    "canary.heard": Event("such a file was told of, after so many seconds", "cc140ecdca864c89bbb42c0955e701a1"),
    "canary.failed": Event(
        "syncd may not make a file in the drop folder, so whether the kernel tells of it is not known",
        "6bf124f1953e46c695f5b610863bffe1",
    ),
    # Runs
    "run.started": Event("a tool begins with a file", "9b1fbe62e0fd4932a957abd0ec8958bc"),
    "run.ended": Event("a run is over, and its report is written", "bd0529b36e384147bda1da40d20019d1"),
    "run.held": Event(
        "a run would change more than its limits allow: nothing was sent, a person decides",
        "25612274d435480d8f7c49c0264bb146",
    ),
    "run.failed": Event("a run met a defect of syncd or of the machine", "aa54ca6721b249589f90b3dad3c65d4e"),
    "rows.refused": Event(
        "rows of a file were refused, for these reasons; its other rows were carried out",
        "29a0d79ab0344f0e92f1fe6cd3e1ede0",
    ),
    "tool.paused": Event("a tool's timer was stopped by a person", "5a4d41cc3749470ba80062b899b66e32", remarkable=True),
    "tool.resumed": Event("a tool's timer goes on", "4e1a8fd8a06a41c99176b0f5212cba38", remarkable=True),
    "freeze.began": Event(
        "a freeze is in force: until it ends files are taken in, and no run starts",
        "51d22090f0be4ed9b2e23dd3f5b013dc",
        remarkable=True,
    ),
    "freeze.ended": Event(
        "a freeze is over: what was due in it is run", "d17ef7412e3440fdb2ae0d92d3707ab1", remarkable=True
    ),
    "site.unreachable": Event("the site does not answer; its files wait", "61adf11a913a431a8f9d93b67d81524c"),
    "site.back": Event(
        "the site answers again", "e1bc6f9ad5744b93af15d9a8c0c4caeb", remarkable=True, ends="site.unreachable"
    ),
    # Alarms: what stands that a person should know of
    "file.late": Event("an expected file has not come", "d7c9b083cc5e44349b1ee803093ce3b8"),
    "file.small": Event("a file came that is much smaller than usual", "3d80b74db2a94712bba0a98601026d5c"),
    "run.slow": Event("a run takes much longer than usual, and goes on", "63575f66683444dd8c4a08bc9f2810ff"),
    "run.waiting": Event(
        "a held run has waited for a person for longer than held_after", "267b2ddcc01f4fad92eac413337908ee"
    ),
    "disk.filling": Event("a disk has less room than free_below", "fa8cf8f1004b4d99be23bbb735fd7e0c"),
    "alarm.over": Event(
        "what one of these, or upload.stuck, was raised for is no longer so",
        "3aa8a97b5ee24d98ad078761f7ac2d4c",
        remarkable=True,
    ),
    # The machine
    "disk.full": Event(
        "a folder of syncd can't be written to, or not be used; work goes on by itself when that is mended",
        "db8b6c0cb0d0494cb8d810730aa3d5ec",
    ),
    "disk.mended": Event(
        "the folder can be used again", "a34a063ded6547439a92f5cd02404057", remarkable=True, ends="disk.full"
    ),
    "ledger.lost": Event(
        "the ledger could not be read and was set aside; history is lost, files and work are not",
        "46d05aaaa7e746f087e85f0d8522ddeb",
    ),
    "retention.pruned": Event(
        "archives and reports that had reached their age were deleted",
        "ae45f67739b94282bf83a799dc3f85ec",
    ),
    "retention.failed": Event(
        "archives and reports could not be deleted; the next night tries again",
        "ff0a2711ce384699867041745b119d1b",
    ),
    "retention.slowed": Event(
        "the clock is days ahead of the last night: archives and reports go at the pace of nights, not of the clock",
        "21c53398049e4b2a939f4a6305f5dd61",
    ),
    "metrics.failed": Event(
        "the numbers for Prometheus can't be written or served", "b0e70534ce4245bcb5805dcda86f1f24"
    ),
    "metrics.back": Event("they can again", "f15262b083854235adec500740fdb0be", remarkable=True, ends="metrics.failed"),
    "notices.failed": Event(
        "people can't be told by one of the ways that the settings name; what they were to be told waits",
        "b2187c8486d14f9fa92a334e6362a1bb",
    ),
    "notices.back": Event(
        "they can be told again", "a470b858c5044e789495f87fc8bec8cd", remarkable=True, ends="notices.failed"
    ),
}
