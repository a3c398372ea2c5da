-- Schema 3: what the counts of an overview look at. Only adds: a program that knows schema 1 goes on working.

-- Servers by vm_state.
CREATE INDEX instances_state ON instances (deleted, vm_state);

-- Tasks by when they ended. A task is written here once in its life, when it ends.
CREATE INDEX tasks_ended ON tasks (ended_at, state, kind) WHERE ended_at IS NOT NULL;
