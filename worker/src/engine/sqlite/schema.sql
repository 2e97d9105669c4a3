-- Version 1. Times are milliseconds since 1970, by the clock of the host that all processes share.

CREATE TABLE jobs (
    id          TEXT PRIMARY KEY,
    job         TEXT NOT NULL,
    -- ready | leased | done | dead
    state       TEXT NOT NULL DEFAULT 'ready',
    -- ready: not before; leased: until
    due         INTEGER NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    deliveries  INTEGER NOT NULL DEFAULT 0,
    -- Deliveries that were never settled.
    strikes     INTEGER NOT NULL DEFAULT 0,
    -- Fencing token of the last delivery; unlike deliveries it is never set back.
    token       INTEGER NOT NULL DEFAULT 0,
    reason      TEXT,
    error       TEXT
) STRICT;

-- What a claim looks for, and nothing else: finished jobs do not make it slower.
CREATE INDEX open_jobs ON jobs (due) WHERE state IN ('ready', 'leased');
CREATE INDEX jobs_by_state ON jobs (state);

-- The sink of the sample handlers. That a job has one effect is the key's work.
CREATE TABLE effects (
    job   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE changes (
    position  INTEGER PRIMARY KEY AUTOINCREMENT,
    partition INTEGER NOT NULL,
    change    TEXT NOT NULL
) STRICT;
CREATE INDEX changes_by_partition ON changes (partition, position);

CREATE TABLE partitions (
    partition           INTEGER PRIMARY KEY,
    lease               TEXT NOT NULL DEFAULT '{}',
    lease_revision      INTEGER NOT NULL DEFAULT 0,
    checkpoint          INTEGER NOT NULL DEFAULT 0,
    checkpoint_revision INTEGER NOT NULL DEFAULT 0,
    -- The projection: changes counted, the last of them.
    projected           INTEGER NOT NULL DEFAULT 0,
    projected_offset    INTEGER NOT NULL DEFAULT 0
) STRICT;

PRAGMA user_version = 1;
