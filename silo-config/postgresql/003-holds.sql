-- Schema 3: holds. What an operator keeps from going on: by host, project, kind, or several of them. A removed one stays for the history.
-- An older program does not know the table and starts steps that a newer one would hold: add holds when the upgrade is over.
CREATE TABLE holds (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    host text COLLATE "C",
    project_id text COLLATE "C",
    kind text COLLATE "C",
    reason text NOT NULL,
    created_by text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    removed_by text COLLATE "C",
    removed_at bigint,
    CHECK (host IS NOT NULL OR project_id IS NOT NULL OR kind IS NOT NULL)
);
CREATE INDEX holds_active ON holds (created_at) WHERE removed_at IS NULL;
