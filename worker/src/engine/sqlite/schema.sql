-- Version 1. Times are milliseconds since 1970, by the clock of the host that all processes share.

CREATE TABLE jobs (
    -- In the order in which they were enqueued, which is the order in which they are handed out. None is used twice.
    position    INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    -- ready | delayed | leased | done | dead | discarded | cancelled
    state       TEXT NOT NULL DEFAULT 'ready',
    -- delayed: not before; leased: until; done, dead, discarded, cancelled: since. Nothing about a job that is ready needs a clock.
    due         INTEGER NOT NULL DEFAULT 0,
    -- delayed, leased: how long that was when it was written. There is more left only after the clock was set back.
    span        INTEGER NOT NULL DEFAULT 0,
    attempts    INTEGER NOT NULL DEFAULT 0,
    deliveries  INTEGER NOT NULL DEFAULT 0,
    -- Deliveries that were never settled.
    strikes     INTEGER NOT NULL DEFAULT 0,
    -- Fencing token of the last delivery; unlike deliveries it is never set back.
    token       INTEGER NOT NULL DEFAULT 0,
    -- leased: 1 if nobody wants it any more, so that it is neither handed out again nor put off.
    unwanted    INTEGER NOT NULL DEFAULT 0,
    reason      TEXT,
    error       TEXT
) STRICT;

-- Apart from its state, or each change of that would write it again.
CREATE TABLE payloads (
    position    INTEGER PRIMARY KEY,
    job         TEXT NOT NULL
) STRICT;

-- What a claim looks for, and nothing else: finished jobs do not make it slower.
CREATE INDEX ready_jobs ON jobs (position) WHERE state = 'ready';
CREATE INDEX waiting_jobs ON jobs (due, span) WHERE state IN ('delayed', 'leased');
CREATE INDEX dead_jobs ON jobs (due, position) WHERE state = 'dead';
CREATE INDEX ended_jobs ON jobs (due) WHERE state IN ('done', 'discarded', 'cancelled');

CREATE TABLE changes (
    position  INTEGER PRIMARY KEY AUTOINCREMENT,
    partition INTEGER NOT NULL,
    published INTEGER NOT NULL,
    change    TEXT NOT NULL
) STRICT;
CREATE INDEX changes_by_partition ON changes (partition, position);

CREATE TABLE partitions (
    partition           INTEGER PRIMARY KEY,
    lease               TEXT NOT NULL DEFAULT '{}',
    lease_revision      INTEGER NOT NULL DEFAULT 0,
    checkpoint          INTEGER NOT NULL DEFAULT 0,
    checkpoint_revision INTEGER NOT NULL DEFAULT 0
) STRICT;

-- "Plim": tells a queue from the database of another program.
PRAGMA application_id = 0x506c696d;
PRAGMA user_version = 1;
