"""The events of the log, each with what it means; `docs/LOG.md` says the same to administrators."""

EVENTS: dict[str, str] = {
    # The daemon
    "daemon.started": "syncd begins, with these settings",
    "daemon.ready": "start-up is done: from now on dropped files are noticed",
    "daemon.stopped": "syncd ended; what was under way waits for the next start",
    "settings.reloaded": "changed settings are in force",
    "settings.refused": "changed settings are wrong; the old ones stay in force",
    "request.received": "somebody asked the running daemon for something",
    "request.failed": "what somebody asked for met a defect of syncd",
    "library.complained": "a library that syncd uses logged a warning",
    # Dropped files
    "file.arrived": "a dropped file is in the repository",
    "file.superseded": "a newer file of the same name took a waiting one's place; the older lies in the archives",
    "file.refused": "a dropped file can't be taken in and was left where it is",
    "file.unreadable": "a file of the repository may not be read by syncd, so no tool runs on it",
    "intake.failed": "taking in dropped files met a defect of syncd; it tries again",
    "upload.stuck": "an upload has not come to rest for longer than stuck_after",
    "drop.held": "the sender's hold file keeps everything in the drop folder",
    "drop.gone": "the drop folder can't be read",
    "drop.back": "the drop folder can be read again",
    "watch.armed": "the kernel tells of changes in the drop folder",
    "watch.storm": "so much happens in the drop folder that syncd looks by itself until it is quiet",
    "watch.lost": "the kernel tells nothing of the drop folder; syncd looks by itself every poll_every",
    # Runs
    "run.started": "a tool begins with a file",
    "run.ended": "a run is over, and its report is written",
    "run.held": "a run would change more than its limits allow: nothing was sent, a person decides",
    "run.failed": "a run met a defect of syncd or of the machine",
    "tool.paused": "a tool's timer was stopped by a person",
    "tool.resumed": "a tool's timer goes on",
    "site.unreachable": "the site does not answer; its files wait",
    "site.back": "the site answers again",
    # The machine
    "disk.full": "nothing can be written to a disk; work goes on by itself when that is mended",
    "disk.mended": "the disk can be written to again",
    "ledger.lost": "the ledger could not be read and was set aside; history is lost, files and work are not",
    "retention.pruned": "archives and reports that had reached their age were deleted",
    "retention.failed": "archives and reports could not be deleted; the next night tries again",
}
