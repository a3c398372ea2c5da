-- Schema 14: tasks in states that few are in. Who looks for one of those reads no others. A step's update writes none of these: the state, which
-- an index names since schema 4, stays what it is at a step, and a task is written here only when it comes into one of these states.
CREATE INDEX tasks_attention ON tasks (created_at, id) WHERE state = 'needs_attention';
CREATE INDEX tasks_failed ON tasks (created_at, id) WHERE state = 'failed';
CREATE INDEX tasks_canceled ON tasks (created_at, id) WHERE state = 'canceled';
