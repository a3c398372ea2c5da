-- Schema 9: a hold may be on everything: nothing is given then. A constraint goes only with its table.
CREATE TABLE holds_of_all (
    id TEXT NOT NULL PRIMARY KEY,
    host TEXT,
    project_id TEXT,
    kind TEXT,
    reason TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    removed_by TEXT,
    removed_at INTEGER
);
INSERT INTO holds_of_all SELECT id, host, project_id, kind, reason, created_by, created_at, removed_by, removed_at FROM holds;
DROP TABLE holds;
ALTER TABLE holds_of_all RENAME TO holds;
CREATE INDEX holds_active ON holds (created_at) WHERE removed_at IS NULL;
