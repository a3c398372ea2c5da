-- Schema 1 of <data>/instancetasks.db. Applied once, in a transaction, by the store that opens the file.
-- Times are unix microseconds. Ids are lower-case uuid text. Bodies are the JSON form of the record.
-- There is no table for instance faults or instance actions: both are computed from tasks.

-- Written by tests only: everything that is decided in database time moves with it.
CREATE TABLE clock_offset (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    micros INTEGER NOT NULL
);
INSERT INTO clock_offset (id, micros) VALUES (1, 0);

-- Database time: the only clock for leases and due times.
CREATE VIEW database_clock AS
    SELECT CAST(ROUND(unixepoch('now', 'subsec') * 1000) AS INTEGER) * 1000 + micros AS now FROM clock_offset;

-- The last number given in the event stream; a row of its own, so that numbers are never given twice even when old events are removed.
CREATE TABLE stream_counter (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    last_id INTEGER NOT NULL
);
INSERT INTO stream_counter (id, last_id) VALUES (1, 0);

-- The truth: append-only. The primary key is the fence of the task.
CREATE TABLE task_events (
    task_id TEXT NOT NULL,
    seq INTEGER NOT NULL CHECK (seq > 0),
    stream_id INTEGER NOT NULL,
    types TEXT NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    events TEXT NOT NULL,
    PRIMARY KEY (task_id, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX task_events_stream ON task_events (stream_id);

-- The fold of each task's events, with the columns that lists and recovery look at. A tombstone has state 'refused'.
CREATE TABLE tasks (
    id TEXT NOT NULL PRIMARY KEY,
    instance_id TEXT NOT NULL,
    project_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    task_state TEXT,
    step INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    host TEXT,
    generation INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    shard INTEGER NOT NULL,
    ended INTEGER NOT NULL CHECK (ended IN (0, 1)),
    is_fault INTEGER NOT NULL CHECK (is_fault IN (0, 1)),
    due_at INTEGER,
    wakes INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    finished_at INTEGER,
    ended_at INTEGER,
    quarantine TEXT,
    body TEXT NOT NULL,
    CHECK (ended = 0 OR due_at IS NULL)
);
CREATE INDEX tasks_due ON tasks (shard, due_at) WHERE due_at IS NOT NULL AND quarantine IS NULL;
CREATE INDEX tasks_owner ON tasks (generation, shard) WHERE ended = 0;
CREATE INDEX tasks_instance ON tasks (instance_id, created_at, id);
CREATE INDEX tasks_fault ON tasks (instance_id, created_at, id) WHERE is_fault = 1;
CREATE INDEX tasks_request ON tasks (request_id, created_at, id);
CREATE INDEX tasks_project ON tasks (project_id, created_at, id);
CREATE INDEX tasks_created ON tasks (created_at, id);

CREATE TABLE instances (
    id TEXT NOT NULL PRIMARY KEY,
    project_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    vm_state TEXT NOT NULL,
    deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)),
    host TEXT,
    version INTEGER NOT NULL CHECK (version > 0),
    holder TEXT,
    flavor_id TEXT NOT NULL,
    image_id TEXT NOT NULL,
    key_name TEXT,
    locked INTEGER NOT NULL CHECK (locked IN (0, 1)),
    reservation_id TEXT NOT NULL,
    zone TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    body TEXT NOT NULL
);
CREATE INDEX instances_project ON instances (project_id, deleted, created_at, id);
CREATE INDEX instances_all ON instances (deleted, created_at, id);
CREATE INDEX instances_host ON instances (host, deleted) WHERE host IS NOT NULL;
CREATE INDEX instances_updated ON instances (project_id, updated_at);

CREATE TABLE hosts (
    name TEXT NOT NULL PRIMARY KEY,
    zone TEXT NOT NULL,
    vcpus INTEGER NOT NULL CHECK (vcpus >= 0),
    memory_mb INTEGER NOT NULL CHECK (memory_mb >= 0),
    disk_gb INTEGER NOT NULL CHECK (disk_gb >= 0),
    taken_vcpus INTEGER NOT NULL DEFAULT 0 CHECK (taken_vcpus >= 0),
    taken_memory_mb INTEGER NOT NULL DEFAULT 0 CHECK (taken_memory_mb >= 0),
    taken_disk_gb INTEGER NOT NULL DEFAULT 0 CHECK (taken_disk_gb >= 0),
    disabled TEXT
);

-- What a machine takes on a host. The host's taken columns are the sum of its rows here; only one commit changes both.
CREATE TABLE claims (
    host TEXT NOT NULL,
    instance_id TEXT NOT NULL,
    task_id TEXT NOT NULL,
    vcpus INTEGER NOT NULL CHECK (vcpus >= 0),
    memory_mb INTEGER NOT NULL CHECK (memory_mb >= 0),
    disk_gb INTEGER NOT NULL CHECK (disk_gb >= 0),
    PRIMARY KEY (host, instance_id)
) WITHOUT ROWID;
CREATE INDEX claims_instance ON claims (instance_id);

-- A limit of -1 means: unlimited.
CREATE TABLE quota (
    project_id TEXT NOT NULL PRIMARY KEY,
    instances INTEGER NOT NULL DEFAULT 0,
    cores INTEGER NOT NULL DEFAULT 0,
    ram_mb INTEGER NOT NULL DEFAULT 0,
    max_instances INTEGER NOT NULL DEFAULT -1,
    max_cores INTEGER NOT NULL DEFAULT -1,
    max_ram_mb INTEGER NOT NULL DEFAULT -1
);

CREATE TABLE idempotency (
    project_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash BLOB NOT NULL,
    answer TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (project_id, user_id, key)
) WITHOUT ROWID;
CREATE INDEX idempotency_created ON idempotency (created_at);

-- AUTOINCREMENT: a generation is never given twice, even when its row has been removed.
CREATE TABLE silos (
    generation INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    joined_at INTEGER NOT NULL,
    lease_until INTEGER NOT NULL
);
CREATE INDEX silos_lease ON silos (lease_until);

CREATE TABLE secrets (
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    ciphertext BLOB NOT NULL,
    dies_with_instance INTEGER NOT NULL CHECK (dies_with_instance IN (0, 1)),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (owner, name)
) WITHOUT ROWID;

CREATE TABLE flavors (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    vcpus INTEGER NOT NULL,
    ram_mb INTEGER NOT NULL,
    disk_gb INTEGER NOT NULL,
    ephemeral_gb INTEGER NOT NULL DEFAULT 0,
    swap_mb INTEGER NOT NULL DEFAULT 0,
    rxtx_factor REAL NOT NULL DEFAULT 1.0,
    is_public INTEGER NOT NULL DEFAULT 1,
    description TEXT,
    extra_specs TEXT NOT NULL DEFAULT '{}'
);
INSERT INTO flavors (id, name, ram_mb, vcpus, disk_gb) VALUES
    ('1', 'm1.tiny', 512, 1, 1),
    ('2', 'm1.small', 2048, 1, 20),
    ('3', 'm1.medium', 4096, 2, 40),
    ('4', 'm1.large', 8192, 4, 80),
    ('5', 'm1.xlarge', 16384, 8, 160);

CREATE TABLE keypairs (
    user_id TEXT NOT NULL,
    name TEXT NOT NULL,
    public_key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    type TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, name)
) WITHOUT ROWID;
