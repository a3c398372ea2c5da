-- Schema 11: tasks in states that few are in. Who looks for one of those reads no others, and a task is written here only when it comes into one.
CREATE INDEX tasks_attention ON tasks (created_at, id) WHERE state = 'needs_attention';
CREATE INDEX tasks_failed ON tasks (created_at, id) WHERE state = 'failed';
CREATE INDEX tasks_canceled ON tasks (created_at, id) WHERE state = 'canceled';
-- The open ones, newest first: by their owner's index each page would read and sort all of them.
CREATE INDEX tasks_open ON tasks (created_at, id) WHERE ended = 0;
