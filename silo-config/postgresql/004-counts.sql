-- Schema 4: what the counts of an overview look at. Only adds: a program that knows schema 2 goes on working.

-- Servers by vm_state.
CREATE INDEX instances_state ON instances (deleted, vm_state);

-- Tasks by when they ended. A task is written here once in its life, when it ends.
CREATE INDEX tasks_ended ON tasks (ended_at, state, kind) WHERE ended_at IS NOT NULL;

-- The kind of a task's failure; null when there is none, or the body is no JSON, which must not make the count fail.
CREATE FUNCTION failure_kind_1(body text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN body::json -> 'failure' ->> 'kind';
EXCEPTION WHEN data_exception THEN
    RETURN NULL;
END
$$;
