-- Schema 7: parents. A child's first commit counts it at its parent as started, its last by its outcome, which makes the parent due. An accept may
-- be conditional on the parent's sequence number. commit_batch_3 is commit_batch_2 with that; programs that know schema 2 make no parents, but
-- would end children without counting them: they must not share a database with programs that make parents.
ALTER TABLE tasks ADD COLUMN parent_id text COLLATE "C";
ALTER TABLE tasks ADD COLUMN children_started int NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN children_succeeded int NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN children_failed int NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN children_canceled int NOT NULL DEFAULT 0;
CREATE INDEX tasks_parent ON tasks (parent_id, created_at, id) WHERE parent_id IS NOT NULL;

DO $$
DECLARE
    body text := pg_get_functiondef('commit_batch_2'::regproc);
    -- What is replaced, and by what; each must be there exactly once.
    changes text[][] := ARRAY[
        ARRAY['commit_batch_2', 'commit_batch_3'],
        ARRAY['s_dies integer[])', 's_dies integer[], t_parent text[], t_guard bigint[])'],
        ARRAY['WHERE t.id = ANY (t_id || w_task) ORDER', 'WHERE t.id = ANY (t_id || w_task || array_remove(t_parent, NULL)) ORDER'],
        ARRAY['    -- 2. Instances.', $q$    IF cardinality(array_remove(t_guard, NULL)) > 0 THEN
        FOR r IN
            SELECT w.n FROM unnest(t_commit, t_parent, t_guard) AS w (n, parent, guard) LEFT JOIN tasks p ON p.id = w.parent
            WHERE w.guard IS NOT NULL AND verdicts[w.n] = 0 AND (p.id IS NULL OR p.seq <> w.guard OR p.ended = 1)
        LOOP
            verdicts[r.n] := 6;
        END LOOP;
    END IF;

    -- 2. Instances.$q$],
        ARRAY['generation, epoch, seq, shard,
                    ended, is_fault, due_at, created_at, updated_at, finished_at, ended_at, body)
                SELECT', 'generation, epoch, seq, shard,
                    ended, is_fault, due_at, created_at, updated_at, finished_at, ended_at, body, parent_id)
                SELECT'],
        ARRAY['CASE WHEN w.ended = 1 THEN ts END, w.body
', 'CASE WHEN w.ended = 1 THEN ts END, w.body, w.parent
'],
        ARRAY['t_created, t_updated, t_finished, t_body)
                    AS w', 't_created, t_updated, t_finished, t_body, t_parent)
                    AS w'],
        ARRAY['created, updated, finished, body)
                WHERE w.seq = 1', 'created, updated, finished, body, parent)
                WHERE w.seq = 1'],
        ARRAY['    IF cardinality(w_task) > 0 THEN
        UPDATE', $q$    IF winners > 0 AND cardinality(array_remove(t_parent, NULL)) > 0 THEN
        UPDATE tasks t SET children_started = t.children_started + w.started, children_succeeded = t.children_succeeded + w.succeeded,
            children_failed = t.children_failed + w.failed, children_canceled = t.children_canceled + w.canceled,
            wakes = t.wakes + w.done, due_at = CASE WHEN t.ended = 1 OR w.done = 0 THEN t.due_at ELSE least(t.due_at, ts) END
        FROM (
            SELECT x.parent, count(*) FILTER (WHERE x.seq = 1) AS started, count(*) FILTER (WHERE x.ended = 1 AND x.state = 'succeeded') AS succeeded,
                count(*) FILTER (WHERE x.ended = 1 AND x.state NOT IN ('succeeded', 'canceled')) AS failed,
                count(*) FILTER (WHERE x.ended = 1 AND x.state = 'canceled') AS canceled, count(*) FILTER (WHERE x.ended = 1) AS done
            FROM unnest(t_commit, t_parent, t_seq, t_state, t_ended) AS x (n, parent, seq, state, ended)
            WHERE x.parent IS NOT NULL AND verdicts[x.n] = 0 AND (x.seq = 1 OR x.ended = 1) GROUP BY x.parent) w
        WHERE t.id = w.parent;
    END IF;
    IF cardinality(w_task) > 0 THEN
        UPDATE$q$]];
    change text[];
BEGIN
    FOREACH change SLICE 1 IN ARRAY changes LOOP
        IF length(body) - length(replace(body, change[1], '')) <> length(change[1]) THEN
            RAISE EXCEPTION 'commit_batch_2 is not the function that this migration knows: "%"', change[1];
        END IF;
        body := replace(body, change[1], change[2]);
    END LOOP;
    EXECUTE body;
END
$$;
