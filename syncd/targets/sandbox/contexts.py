"""The practice site's contexts: what roles hang on in Moodle, each with an id of its own."""

from syncd.targets.sandbox.site import Visit

SYSTEM = 10
CATEGORY = 40
COURSE = 50

_TABLE = f"""
CREATE TABLE IF NOT EXISTS context (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    contextlevel INTEGER NOT NULL,
    instanceid INTEGER NOT NULL,
    UNIQUE (contextlevel, instanceid)
);
INSERT OR IGNORE INTO context (id, contextlevel, instanceid) VALUES (1, {SYSTEM}, 0);
"""


def context_triggers(table: str, level: int) -> str:
    """SQL by which each row of a table has a context of this level as long as it is there."""
    return f"""
{_TABLE}
CREATE TRIGGER IF NOT EXISTS {table}_context_made AFTER INSERT ON {table} BEGIN
    INSERT INTO context (contextlevel, instanceid) VALUES ({level}, NEW.id);
END;
CREATE TRIGGER IF NOT EXISTS {table}_context_dropped AFTER DELETE ON {table} BEGIN
    DELETE FROM context WHERE contextlevel = {level} AND instanceid = OLD.id;
END;
"""


def context_id(visit: Visit, level: int, instance: int) -> int:
    """The id of a thing's context; 0 where there is no such thing."""
    found = visit.connection.execute(
        "SELECT id FROM context WHERE contextlevel = ? AND instanceid = ?", (level, instance)
    ).fetchone()
    return int(found[0]) if found else 0
