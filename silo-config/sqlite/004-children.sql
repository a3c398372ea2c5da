-- Schema 4: parents. A child's commits count it at its parent.
ALTER TABLE tasks ADD COLUMN parent_id text;
ALTER TABLE tasks ADD COLUMN children_started int NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN children_succeeded int NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN children_failed int NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN children_canceled int NOT NULL DEFAULT 0;
CREATE INDEX tasks_parent ON tasks (parent_id, created_at, id) WHERE parent_id IS NOT NULL;
