-- Schema 13: retention. What purges have left behind, and which run may purge now. Only adds: a program that knows schema 8 goes on working, but does not tell
-- a reader of the event stream that events are gone: when the upgrade is over, it does not matter any more.
CREATE TABLE retention (
    id int PRIMARY KEY CHECK (id = 1),
    stream_from bigint NOT NULL DEFAULT 0,
    usage_from bigint,
    tasks bigint NOT NULL DEFAULT 0,
    servers bigint NOT NULL DEFAULT 0,
    run text,
    run_until bigint NOT NULL DEFAULT 0,
    last_run_at bigint,
    last_purge_at bigint
) WITH (fillfactor = 30);
INSERT INTO retention (id) VALUES (1);

-- Deleted servers, oldest first. What it holds changes once in the life of a row, when the server is deleted.
CREATE INDEX instances_deleted ON instances (deleted, deleted_at, id);

-- Hosts remember the stamps of machines that are gone. How far the order of effects had come on a purged server stays known, or they would seem to have seen more than
-- this database, and no silo would start.
CREATE TABLE purged_servers (id text PRIMARY KEY, turn bigint NOT NULL);
