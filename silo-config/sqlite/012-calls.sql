-- Schema 12: what the grains of a silo have been called for, which goes along with the renewal of its lease; NULL: nobody has counted.
ALTER TABLE silos ADD COLUMN calls INTEGER;
ALTER TABLE silos ADD COLUMN calls_failed INTEGER;

-- Tasks of a kind and of a user, newest first: who looks for some that are rare reads no others. Neither changes in the life of a task, so that a
-- step's update writes none of these.
CREATE INDEX tasks_kind ON tasks (kind, created_at, id);
CREATE INDEX tasks_user ON tasks (user_id, created_at, id);
