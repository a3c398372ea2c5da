-- Schema 1 of the PostgreSQL store: the tables of silo-config/sqlite/001-initial.sql for several silos. Applied once, under a lock.
-- Times are unix microseconds. Ids are lower-case uuid text, compared byte by byte ("C"), so that both stores sort alike.
-- There is no table for instance faults or instance actions: both are computed from tasks.

-- Written by tests only: everything that is decided in database time moves with it.
CREATE TABLE clock_offset (
    id int PRIMARY KEY CHECK (id = 1),
    micros bigint NOT NULL
);
INSERT INTO clock_offset (id, micros) VALUES (1, 0);

-- Database time: the only clock for leases and due times. It goes on while a statement runs.
CREATE VIEW database_clock AS
    SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint + micros AS now FROM clock_offset;

-- The last number given in the event stream. Whoever numbers holds this row until his transaction is over: numbers are given in commit order.
CREATE TABLE stream_counter (
    id int PRIMARY KEY CHECK (id = 1),
    last_id bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO stream_counter (id, last_id) VALUES (1, 0);

-- The truth: append-only. The primary key is the fence of the task.
CREATE TABLE task_events (
    task_id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL CHECK (seq > 0),
    stream_id bigint NOT NULL,
    types text NOT NULL,
    version int NOT NULL,
    at bigint NOT NULL,
    events text NOT NULL,
    PRIMARY KEY (task_id, seq)
);
CREATE UNIQUE INDEX task_events_stream ON task_events (stream_id);

-- The fold of each task's events, with the columns that lists and recovery look at. A tombstone has state 'refused'.
CREATE TABLE tasks (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    instance_id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    task_state text COLLATE "C",
    step int NOT NULL,
    request_id text COLLATE "C" NOT NULL,
    host text COLLATE "C",
    generation bigint NOT NULL,
    epoch bigint NOT NULL,
    seq bigint NOT NULL,
    shard int NOT NULL,
    ended int NOT NULL CHECK (ended IN (0, 1)),
    is_fault int NOT NULL CHECK (is_fault IN (0, 1)),
    due_at bigint,
    wakes bigint NOT NULL DEFAULT 0,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    finished_at bigint,
    ended_at bigint,
    quarantine text,
    body text NOT NULL,
    CHECK (ended = 0 OR due_at IS NULL)
) WITH (fillfactor = 70);
CREATE INDEX tasks_due ON tasks (shard, due_at) WHERE due_at IS NOT NULL AND quarantine IS NULL;
CREATE INDEX tasks_owner ON tasks (generation, shard) WHERE ended = 0;
CREATE INDEX tasks_instance ON tasks (instance_id, created_at, id);
CREATE INDEX tasks_fault ON tasks (instance_id, created_at, id) WHERE is_fault = 1;
CREATE INDEX tasks_request ON tasks (request_id, created_at, id);
CREATE INDEX tasks_project ON tasks (project_id, created_at, id);
CREATE INDEX tasks_created ON tasks (created_at, id);

CREATE TABLE instances (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    vm_state text COLLATE "C" NOT NULL,
    deleted int NOT NULL CHECK (deleted IN (0, 1)),
    host text COLLATE "C",
    version bigint NOT NULL CHECK (version > 0),
    holder text COLLATE "C",
    flavor_id text COLLATE "C" NOT NULL,
    image_id text COLLATE "C" NOT NULL,
    key_name text COLLATE "C",
    locked int NOT NULL CHECK (locked IN (0, 1)),
    reservation_id text COLLATE "C" NOT NULL,
    zone text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    deleted_at bigint,
    body text COLLATE "C" NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX instances_project ON instances (project_id, deleted, created_at, id);
CREATE INDEX instances_all ON instances (deleted, created_at, id);
CREATE INDEX instances_host ON instances (host, deleted) WHERE host IS NOT NULL;
CREATE INDEX instances_updated ON instances (project_id, updated_at);

CREATE TABLE hosts (
    name text COLLATE "C" NOT NULL PRIMARY KEY,
    zone text NOT NULL,
    vcpus int NOT NULL CHECK (vcpus >= 0),
    memory_mb int NOT NULL CHECK (memory_mb >= 0),
    disk_gb int NOT NULL CHECK (disk_gb >= 0),
    taken_vcpus int NOT NULL DEFAULT 0 CHECK (taken_vcpus >= 0),
    taken_memory_mb int NOT NULL DEFAULT 0 CHECK (taken_memory_mb >= 0),
    taken_disk_gb int NOT NULL DEFAULT 0 CHECK (taken_disk_gb >= 0),
    disabled text
) WITH (fillfactor = 30);

-- What a machine takes on a host. The host's taken columns are the sum of its rows here; only one commit changes both.
CREATE TABLE claims (
    host text COLLATE "C" NOT NULL,
    instance_id text COLLATE "C" NOT NULL,
    task_id text COLLATE "C" NOT NULL,
    vcpus int NOT NULL CHECK (vcpus >= 0),
    memory_mb int NOT NULL CHECK (memory_mb >= 0),
    disk_gb int NOT NULL CHECK (disk_gb >= 0),
    PRIMARY KEY (host, instance_id)
);
CREATE INDEX claims_instance ON claims (instance_id);

-- A limit of -1 means: unlimited.
CREATE TABLE quota (
    project_id text COLLATE "C" NOT NULL PRIMARY KEY,
    instances int NOT NULL DEFAULT 0,
    cores int NOT NULL DEFAULT 0,
    ram_mb int NOT NULL DEFAULT 0,
    max_instances int NOT NULL DEFAULT -1,
    max_cores int NOT NULL DEFAULT -1,
    max_ram_mb int NOT NULL DEFAULT -1
) WITH (fillfactor = 30);

CREATE TABLE idempotency (
    project_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    body_hash bytea NOT NULL,
    answer text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (project_id, user_id, key)
);
CREATE INDEX idempotency_created ON idempotency (created_at);

-- An identity never gives a generation twice, also not after a crash.
CREATE TABLE silos (
    generation bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    joined_at bigint NOT NULL,
    lease_until bigint NOT NULL
) WITH (fillfactor = 30);
CREATE INDEX silos_lease ON silos (lease_until);

CREATE TABLE secrets (
    owner text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    ciphertext bytea NOT NULL,
    dies_with_instance int NOT NULL CHECK (dies_with_instance IN (0, 1)),
    created_at bigint NOT NULL,
    PRIMARY KEY (owner, name)
);

CREATE TABLE flavors (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    vcpus int NOT NULL,
    ram_mb int NOT NULL,
    disk_gb int NOT NULL,
    ephemeral_gb int NOT NULL DEFAULT 0,
    swap_mb int NOT NULL DEFAULT 0,
    rxtx_factor double precision NOT NULL DEFAULT 1.0,
    is_public int NOT NULL DEFAULT 1,
    description text,
    extra_specs text NOT NULL DEFAULT '{}'
);
INSERT INTO flavors (id, name, ram_mb, vcpus, disk_gb) VALUES
    ('1', 'm1.tiny', 512, 1, 1),
    ('2', 'm1.small', 2048, 1, 20),
    ('3', 'm1.medium', 4096, 2, 40),
    ('4', 'm1.large', 8192, 4, 80),
    ('5', 'm1.xlarge', 16384, 8, 160);

CREATE TABLE keypairs (
    user_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    public_key text NOT NULL,
    fingerprint text NOT NULL,
    type text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (user_id, name)
);
