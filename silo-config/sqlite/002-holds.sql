-- Schema 2: holds. What an operator keeps from going on: by host, project, kind, or several of them. A removed one stays for the history.
-- An older program does not know the table and starts steps that a newer one would hold: add holds when the upgrade is over.
CREATE TABLE holds (
    id TEXT NOT NULL PRIMARY KEY,
    host TEXT,
    project_id TEXT,
    kind TEXT,
    reason TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    removed_by TEXT,
    removed_at INTEGER,
    CHECK (host IS NOT NULL OR project_id IS NOT NULL OR kind IS NOT NULL)
);
CREATE INDEX holds_active ON holds (created_at) WHERE removed_at IS NULL;
