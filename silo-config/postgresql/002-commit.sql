-- Schema 2: group commit. One call is one transaction and one round trip: all commits that wait in a process, as one array per column.
-- A changed function gets a new name, so that programs of two versions work on one database during an upgrade.

-- Gives the next numbers of the event stream. Called last: the counter's row stays locked until the transaction is over, so that nobody
-- is given a higher number and is seen earlier. Returns the number before the first one given.
CREATE FUNCTION number_stream(count_of int, base bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    before bigint;
BEGIN
    UPDATE stream_counter SET last_id = greatest(last_id, base) + count_of WHERE id = 1 RETURNING last_id - count_of INTO before;
    RETURN before;
END
$$;

-- Applies the commits numbered 1 to p_count. Within one call every task, instance, key, claimed machine and secret belongs to one commit
-- only: the caller sees to it. Rows are locked table by table and by key within a table, so that two callers do not wait for each other
-- in a circle. Returns a row for each commit that lost; nothing of it is left. An error takes back everything.
--   t_: task and event rows; i_: instances; k_: idempotency keys; q_: quota deltas (q_row: place in q_projects); c_: claims; w_: wake-ups; s_: secrets
-- Verdicts: 1 task, 2 instance, 3 capacity, 4 quota, 5 key.
CREATE FUNCTION commit_batch_1(
    p_count int, p_stream_base bigint, p_event_version int,
    t_commit int[], t_id text[], t_instance text[], t_project text[], t_user text[], t_kind text[], t_state text[], t_task_state text[],
    t_step int[], t_request text[], t_host text[], t_generation bigint[], t_epoch bigint[], t_seq bigint[], t_shard int[], t_ended int[],
    t_fault int[], t_due_in bigint[], t_wakes_read bigint[], t_created bigint[], t_updated bigint[], t_finished bigint[], t_body text[],
    t_types text[], t_events text[],
    i_commit int[], i_id text[], i_expected bigint[], i_project text[], i_user text[], i_name text[], i_vm_state text[], i_deleted int[],
    i_host text[], i_holder text[], i_flavor text[], i_image text[], i_key text[], i_locked int[], i_reservation text[], i_zone text[],
    i_created bigint[], i_updated bigint[], i_deleted_at bigint[], i_body text[],
    k_commit int[], k_project text[], k_user text[], k_key text[], k_hash bytea[], k_answer text[], k_lifetime bigint,
    q_projects text[], q_commit int[], q_row int[], q_instances int[], q_cores int[], q_ram int[],
    c_commit int[], c_instance text[], c_task text[], c_host text[], c_vcpus int[], c_memory int[], c_disk int[], c_take boolean[],
    w_commit int[], w_task text[],
    s_commit int[], s_owner text[], s_name text[], s_ciphertext bytea[], s_dies int[]
) RETURNS TABLE (lost int, verdict int, usage int[], stored_hash bytea, stored_answer text)
LANGUAGE plpgsql
-- The planner does not know how long an array is, takes it for long, and would scan whole tables. Every access here is by key.
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
    ts bigint;
    r record;
    verdicts int[] := array_fill(0, ARRAY[p_count]);
    usages int[] := array_fill(0, ARRAY[p_count, 7]);
    winners int;
    streamed bigint;
    -- Usage and limits of the projects in q_projects; taken and capacity of the hosts in h_name. "kept" is what a lost commit falls back to.
    qu int[] := '{}'; qm int[] := '{}'; qu_kept int[];
    h_name text[] := '{}'; ht int[] := '{}'; hc int[] := '{}'; ht_kept int[];
    qi int := 1; ci int := 1; n int; h int; o int; fits boolean; machines text[];
    -- The claims of the machines of one commit as they would become.
    o_host text[]; o_instance text[]; o_task text[]; o_v int[]; o_m int[]; o_d int[]; o_gone boolean[]; o_changed boolean[];
    d_host text[] := '{}'; d_instance text[] := '{}';
    n_host text[] := '{}'; n_instance text[] := '{}'; n_task text[] := '{}'; n_v int[] := '{}'; n_m int[] := '{}'; n_d int[] := '{}';
    dv int; dm int; dd int;
BEGIN
    -- 1. Tasks. A row's lock and its seq are the fence; a new task's fence is its primary key.
    IF cardinality(t_id) > 0 OR cardinality(w_task) > 0 THEN
        PERFORM 1 FROM tasks t WHERE t.id = ANY (t_id || w_task) ORDER BY t.id FOR UPDATE;
    END IF;
    SELECT now INTO ts FROM database_clock;
    IF cardinality(t_id) > 0 THEN
        FOR r IN
            SELECT w.n FROM unnest(t_commit, t_id, t_seq) AS w (n, id, seq) LEFT JOIN tasks t ON t.id = w.id WHERE coalesce(t.seq, 0) <> w.seq - 1
        LOOP
            verdicts[r.n] := 1;
        END LOOP;
    END IF;

    -- 2. Instances.
    IF cardinality(i_id) > 0 THEN
        PERFORM 1 FROM instances i WHERE i.id = ANY (i_id) ORDER BY i.id FOR UPDATE;
        FOR r IN
            SELECT w.n FROM unnest(i_commit, i_id, i_expected) AS w (n, id, expected) LEFT JOIN instances i ON i.id = w.id
            WHERE coalesce(i.version, 0) <> w.expected AND verdicts[w.n] = 0
        LOOP
            verdicts[r.n] := 2;
        END LOOP;
    END IF;

    -- 3. New rows. Whoever inserts the same key elsewhere is waited for; if he commits, this commit has lost.
    IF 1 = ANY (t_seq) THEN
        FOR r IN
            WITH given AS MATERIALIZED (
                SELECT * FROM unnest(t_commit, t_id, t_seq, t_instance, t_project, t_user, t_kind, t_state, t_task_state, t_step, t_request, t_host,
                    t_generation, t_epoch, t_shard, t_ended, t_fault, t_due_in, t_created, t_updated, t_finished, t_body)
                    AS w (n, id, seq, instance, project, usr, kind, state, task_state, step, request, host, generation, epoch, shard, ended, fault, due_in,
                        created, updated, finished, body)
                WHERE w.seq = 1 AND verdicts[w.n] = 0),
            done AS (
                INSERT INTO tasks (id, instance_id, project_id, user_id, kind, state, task_state, step, request_id, host, generation, epoch, seq, shard,
                    ended, is_fault, due_at, created_at, updated_at, finished_at, ended_at, body)
                SELECT w.id, w.instance, w.project, w.usr, w.kind, w.state, w.task_state, w.step, w.request, w.host, w.generation, w.epoch, 1, w.shard,
                    w.ended, w.fault, CASE WHEN w.ended = 0 THEN ts + w.due_in END, w.created, w.updated, w.finished, CASE WHEN w.ended = 1 THEN ts END, w.body
                FROM given w ORDER BY w.id COLLATE "C"
                ON CONFLICT (id) DO NOTHING RETURNING id)
            SELECT w.n FROM given w WHERE w.id IN (SELECT id FROM given EXCEPT SELECT id FROM done)
        LOOP
            verdicts[r.n] := 1;
        END LOOP;
    END IF;
    IF 0 = ANY (i_expected) THEN
        FOR r IN
            WITH given AS MATERIALIZED (
                SELECT * FROM unnest(i_commit, i_id, i_expected, i_project, i_user, i_name, i_vm_state, i_deleted, i_host, i_holder, i_flavor, i_image,
                    i_key, i_locked, i_reservation, i_zone, i_created, i_updated, i_deleted_at, i_body)
                    AS w (n, id, expected, project, usr, name, vm_state, deleted, host, holder, flavor, image, key, locked, reservation, zone, created,
                        updated, deleted_at, body)
                WHERE w.expected = 0 AND verdicts[w.n] = 0),
            done AS (
                INSERT INTO instances (id, project_id, user_id, name, vm_state, deleted, host, version, holder, flavor_id, image_id, key_name, locked,
                    reservation_id, zone, created_at, updated_at, deleted_at, body)
                SELECT w.id, w.project, w.usr, w.name, w.vm_state, w.deleted, w.host, 1, w.holder, w.flavor, w.image, w.key, w.locked,
                    w.reservation, w.zone, w.created, w.updated, w.deleted_at, w.body
                FROM given w ORDER BY w.id COLLATE "C"
                ON CONFLICT (id) DO NOTHING RETURNING id)
            SELECT w.n FROM given w WHERE w.id IN (SELECT id FROM given EXCEPT SELECT id FROM done)
        LOOP
            verdicts[r.n] := 2;
        END LOOP;
    END IF;

    -- 4. Idempotency keys. One that has expired is replaced.
    IF cardinality(k_key) > 0 THEN
        FOR r IN
            WITH given AS MATERIALIZED (
                SELECT * FROM unnest(k_commit, k_project, k_user, k_key, k_hash, k_answer) AS w (n, project, usr, key, hash, answer) WHERE verdicts[w.n] = 0),
            done AS (
                INSERT INTO idempotency AS x (project_id, user_id, key, body_hash, answer, created_at)
                SELECT w.project, w.usr, w.key, w.hash, w.answer, ts FROM given w ORDER BY w.project COLLATE "C", w.usr COLLATE "C", w.key COLLATE "C"
                ON CONFLICT (project_id, user_id, key) DO UPDATE SET body_hash = excluded.body_hash, answer = excluded.answer, created_at = excluded.created_at
                WHERE x.created_at <= ts - k_lifetime
                RETURNING project_id, user_id, key)
            SELECT w.n FROM given w LEFT JOIN done ON done.project_id = w.project AND done.user_id = w.usr AND done.key = w.key WHERE done.key IS NULL
        LOOP
            verdicts[r.n] := 5;
        END LOOP;
    END IF;

    -- 5. Hosts and projects are locked once and counted in memory; each row is written once, with the sum.
    IF cardinality(c_instance) > 0 THEN
        FOR r IN
            SELECT x.* FROM hosts x
            WHERE x.name = ANY (array_remove(c_host, NULL) || ARRAY(SELECT c.host FROM claims c WHERE c.instance_id = ANY (c_instance)))
            ORDER BY x.name FOR UPDATE
        LOOP
            h_name := h_name || r.name;
            ht := ht || ARRAY[r.taken_vcpus, r.taken_memory_mb, r.taken_disk_gb];
            hc := hc || ARRAY[r.vcpus, r.memory_mb, r.disk_gb];
        END LOOP;
    END IF;
    IF cardinality(q_projects) > 0 THEN
        INSERT INTO quota (project_id) SELECT p FROM unnest(q_projects) p ORDER BY p COLLATE "C" ON CONFLICT (project_id) DO NOTHING;
        qu := array_fill(0, ARRAY[3 * cardinality(q_projects)]);
        qm := qu;
        FOR r IN
            SELECT p.n, q.* FROM unnest(q_projects) WITH ORDINALITY AS p (project, n) JOIN quota q ON q.project_id = p.project ORDER BY q.project_id FOR UPDATE OF q
        LOOP
            n := 3 * (r.n - 1);
            qu[n + 1] := r.instances; qu[n + 2] := r.cores; qu[n + 3] := r.ram_mb;
            qm[n + 1] := r.max_instances; qm[n + 2] := r.max_cores; qm[n + 3] := r.max_ram_mb;
        END LOOP;
    END IF;

    IF cardinality(q_commit) > 0 OR cardinality(c_commit) > 0 THEN
        FOR k IN 1 .. p_count LOOP
            qu_kept := qu;
            WHILE qi <= cardinality(q_commit) AND q_commit[qi] = k LOOP
                n := 3 * (q_row[qi] - 1);
                IF verdicts[k] = 0 AND (
                    (q_instances[qi] > 0 AND qm[n + 1] >= 0 AND qu[n + 1]::bigint + q_instances[qi] > qm[n + 1])
                    OR (q_cores[qi] > 0 AND qm[n + 2] >= 0 AND qu[n + 2]::bigint + q_cores[qi] > qm[n + 2])
                    OR (q_ram[qi] > 0 AND qm[n + 3] >= 0 AND qu[n + 3]::bigint + q_ram[qi] > qm[n + 3])) THEN
                    verdicts[k] := 4;
                    usages[k][1] := qi;
                    FOR j IN 1 .. 3 LOOP
                        usages[k][1 + j] := qu[n + j];
                        usages[k][4 + j] := qm[n + j];
                    END LOOP;
                END IF;
                IF verdicts[k] = 0 THEN
                    qu[n + 1] := qu[n + 1] + q_instances[qi]; qu[n + 2] := qu[n + 2] + q_cores[qi]; qu[n + 3] := qu[n + 3] + q_ram[qi];
                END IF;
                qi := qi + 1;
            END LOOP;

            IF ci <= cardinality(c_commit) AND c_commit[ci] = k THEN
                ht_kept := ht;
                machines := '{}';
                n := ci;
                WHILE n <= cardinality(c_commit) AND c_commit[n] = k LOOP
                    machines := machines || c_instance[n];
                    n := n + 1;
                END LOOP;
                SELECT coalesce(array_agg(c.host), '{}'), coalesce(array_agg(c.instance_id), '{}'), coalesce(array_agg(c.task_id), '{}'),
                    coalesce(array_agg(c.vcpus), '{}'), coalesce(array_agg(c.memory_mb), '{}'), coalesce(array_agg(c.disk_gb), '{}'),
                    coalesce(array_agg(false), '{}'), coalesce(array_agg(false), '{}')
                INTO o_host, o_instance, o_task, o_v, o_m, o_d, o_gone, o_changed
                FROM claims c WHERE c.instance_id = ANY (machines);
                IF NOT o_host <@ h_name THEN
                    RAISE EXCEPTION 'a claim appeared while its host was being locked' USING ERRCODE = 'serialization_failure';
                END IF;
                WHILE ci <= cardinality(c_commit) AND c_commit[ci] = k LOOP
                    IF verdicts[k] = 0 AND c_take[ci] THEN
                        o := NULL;
                        FOR j IN 1 .. cardinality(o_host) LOOP
                            IF o_host[j] = c_host[ci] AND o_instance[j] = c_instance[ci] THEN
                                o := j;
                            END IF;
                        END LOOP;
                        IF o IS NULL OR o_gone[o] OR o_task[o] <> c_task[ci] THEN
                            dv := c_vcpus[ci]; dm := c_memory[ci]; dd := c_disk[ci];
                            -- Another task's claim for the same machine on the same host is taken over: only the difference counts.
                            IF o IS NOT NULL AND NOT o_gone[o] THEN
                                dv := dv - o_v[o]; dm := dm - o_m[o]; dd := dd - o_d[o];
                            END IF;
                            h := 3 * (array_position(h_name, c_host[ci]) - 1);
                            fits := h IS NOT NULL AND (dv <= 0 OR ht[h + 1]::bigint + dv <= hc[h + 1])
                                AND (dm <= 0 OR ht[h + 2]::bigint + dm <= hc[h + 2]) AND (dd <= 0 OR ht[h + 3]::bigint + dd <= hc[h + 3]);
                            IF NOT fits THEN
                                verdicts[k] := 3;
                            ELSE
                                ht[h + 1] := ht[h + 1] + dv; ht[h + 2] := ht[h + 2] + dm; ht[h + 3] := ht[h + 3] + dd;
                                IF o IS NULL THEN
                                    o := cardinality(o_host) + 1;
                                    o_host[o] := c_host[ci]; o_instance[o] := c_instance[ci];
                                END IF;
                                o_task[o] := c_task[ci]; o_v[o] := c_vcpus[ci]; o_m[o] := c_memory[ci]; o_d[o] := c_disk[ci];
                                o_gone[o] := false; o_changed[o] := true;
                            END IF;
                        END IF;
                    ELSIF verdicts[k] = 0 THEN
                        FOR j IN 1 .. cardinality(o_host) LOOP
                            IF NOT o_gone[j] AND o_instance[j] = c_instance[ci] AND (c_host[ci] IS NULL OR o_host[j] = c_host[ci]) THEN
                                h := 3 * (array_position(h_name, o_host[j]) - 1);
                                ht[h + 1] := ht[h + 1] - o_v[j]; ht[h + 2] := ht[h + 2] - o_m[j]; ht[h + 3] := ht[h + 3] - o_d[j];
                                o_gone[j] := true; o_changed[j] := true;
                            END IF;
                        END LOOP;
                    END IF;
                    ci := ci + 1;
                END LOOP;
                IF verdicts[k] <> 0 THEN
                    ht := ht_kept;
                ELSE
                    FOR j IN 1 .. cardinality(o_host) LOOP
                        IF o_changed[j] AND o_gone[j] THEN
                            d_host := d_host || o_host[j]; d_instance := d_instance || o_instance[j];
                        ELSIF o_changed[j] THEN
                            n_host := n_host || o_host[j]; n_instance := n_instance || o_instance[j]; n_task := n_task || o_task[j];
                            n_v := n_v || o_v[j]; n_m := n_m || o_m[j]; n_d := n_d || o_d[j];
                        END IF;
                    END LOOP;
                END IF;
            END IF;
            IF verdicts[k] <> 0 THEN
                qu := qu_kept;
            END IF;
        END LOOP;
    END IF;

    -- 6. What a commit that lost later had inserted is taken back: xmin tells its rows from those that were there before. An expired key that
    -- it replaced is gone with it.
    IF cardinality(array_remove(verdicts, 0)) > 0 THEN
        DELETE FROM tasks t USING unnest(t_commit, t_id, t_seq) AS w (n, id, seq)
        WHERE t.id = w.id AND w.seq = 1 AND verdicts[w.n] <> 0 AND t.xmin = pg_current_xact_id()::xid;
        DELETE FROM instances i USING unnest(i_commit, i_id, i_expected) AS w (n, id, expected)
        WHERE i.id = w.id AND w.expected = 0 AND verdicts[w.n] <> 0 AND i.xmin = pg_current_xact_id()::xid;
        DELETE FROM idempotency x USING unnest(k_commit, k_project, k_user, k_key) AS w (n, project, usr, key)
        WHERE x.project_id = w.project AND x.user_id = w.usr AND x.key = w.key AND verdicts[w.n] <> 0 AND x.xmin = pg_current_xact_id()::xid;
    END IF;
    winners := cardinality(array_positions(verdicts, 0));

    -- 7. The winners' changes.
    IF winners > 0 AND cardinality(t_id) > 0 THEN
        UPDATE tasks t SET state = w.state, task_state = w.task_state, step = w.step, host = w.host, generation = w.generation, epoch = w.epoch, seq = w.seq,
            ended = w.ended, is_fault = w.fault, due_at = CASE WHEN w.ended = 1 THEN NULL WHEN t.wakes > w.wakes_read THEN ts ELSE ts + w.due_in END,
            updated_at = w.updated, finished_at = w.finished, ended_at = CASE WHEN w.ended = 1 THEN coalesce(t.ended_at, ts) END, quarantine = NULL, body = w.body
        FROM unnest(t_commit, t_id, t_seq, t_state, t_task_state, t_step, t_host, t_generation, t_epoch, t_ended, t_fault, t_due_in, t_wakes_read, t_updated,
            t_finished, t_body)
            AS w (n, id, seq, state, task_state, step, host, generation, epoch, ended, fault, due_in, wakes_read, updated, finished, body)
        WHERE t.id = w.id AND w.seq > 1 AND verdicts[w.n] = 0;
    END IF;
    IF winners > 0 AND cardinality(i_id) > 0 THEN
        UPDATE instances i SET project_id = w.project, user_id = w.usr, name = w.name, vm_state = w.vm_state, deleted = w.deleted, host = w.host,
            version = w.expected + 1, holder = w.holder, flavor_id = w.flavor, image_id = w.image, key_name = w.key, locked = w.locked,
            reservation_id = w.reservation, zone = w.zone, created_at = w.created, updated_at = w.updated, deleted_at = w.deleted_at, body = w.body
        FROM unnest(i_commit, i_id, i_expected, i_project, i_user, i_name, i_vm_state, i_deleted, i_host, i_holder, i_flavor, i_image, i_key, i_locked,
            i_reservation, i_zone, i_created, i_updated, i_deleted_at, i_body)
            AS w (n, id, expected, project, usr, name, vm_state, deleted, host, holder, flavor, image, key, locked, reservation, zone, created, updated,
                deleted_at, body)
        WHERE i.id = w.id AND w.expected > 0 AND verdicts[w.n] = 0;
        IF 1 = ANY (i_deleted) THEN
            DELETE FROM secrets s USING unnest(i_commit, i_id, i_deleted) AS w (n, id, deleted)
            WHERE w.deleted = 1 AND verdicts[w.n] = 0 AND s.owner = w.id AND s.dies_with_instance = 1;
            DELETE FROM secrets s USING unnest(i_commit, i_id, i_deleted) AS w (n, id, deleted), tasks t
            WHERE w.deleted = 1 AND verdicts[w.n] = 0 AND t.instance_id = w.id AND s.owner = t.id AND s.dies_with_instance = 1;
        END IF;
    END IF;
    IF cardinality(d_host) > 0 THEN
        DELETE FROM claims c USING unnest(d_host, d_instance) AS w (host, instance) WHERE c.host = w.host AND c.instance_id = w.instance;
    END IF;
    IF cardinality(n_host) > 0 THEN
        INSERT INTO claims (host, instance_id, task_id, vcpus, memory_mb, disk_gb)
        SELECT * FROM unnest(n_host, n_instance, n_task, n_v, n_m, n_d)
        ON CONFLICT (host, instance_id) DO UPDATE SET task_id = excluded.task_id, vcpus = excluded.vcpus, memory_mb = excluded.memory_mb, disk_gb = excluded.disk_gb;
    END IF;
    IF cardinality(h_name) > 0 THEN
        UPDATE hosts x SET taken_vcpus = ht[3 * w.n - 2], taken_memory_mb = ht[3 * w.n - 1], taken_disk_gb = ht[3 * w.n]
        FROM unnest(h_name) WITH ORDINALITY AS w (name, n)
        WHERE x.name = w.name AND (x.taken_vcpus, x.taken_memory_mb, x.taken_disk_gb) <> (ht[3 * w.n - 2], ht[3 * w.n - 1], ht[3 * w.n]);
    END IF;
    IF cardinality(q_projects) > 0 THEN
        UPDATE quota q SET instances = qu[3 * w.n - 2], cores = qu[3 * w.n - 1], ram_mb = qu[3 * w.n]
        FROM unnest(q_projects) WITH ORDINALITY AS w (project, n)
        WHERE q.project_id = w.project AND (q.instances, q.cores, q.ram_mb) <> (qu[3 * w.n - 2], qu[3 * w.n - 1], qu[3 * w.n]);
    END IF;
    IF cardinality(w_task) > 0 THEN
        UPDATE tasks t SET wakes = t.wakes + w.times, due_at = CASE WHEN t.ended = 1 THEN NULL ELSE least(t.due_at, ts) END
        FROM (SELECT x.id, count(*) AS times FROM unnest(w_commit, w_task) AS x (n, id) WHERE verdicts[x.n] = 0 GROUP BY x.id) w
        WHERE t.id = w.id;
    END IF;
    IF cardinality(s_owner) > 0 THEN
        INSERT INTO secrets (owner, name, ciphertext, dies_with_instance, created_at)
        SELECT w.owner, w.name, w.ciphertext, w.dies, ts FROM unnest(s_commit, s_owner, s_name, s_ciphertext, s_dies) AS w (n, owner, name, ciphertext, dies)
        WHERE verdicts[w.n] = 0 ORDER BY w.owner COLLATE "C", w.name COLLATE "C"
        ON CONFLICT (owner, name) DO UPDATE SET ciphertext = excluded.ciphertext, dies_with_instance = excluded.dies_with_instance, created_at = excluded.created_at;
    END IF;

    -- 8. The stream, last.
    n := (SELECT count(*) FROM unnest(t_commit) AS w (n) WHERE verdicts[w.n] = 0);
    IF n > 0 THEN
        streamed := number_stream(n, p_stream_base);
        INSERT INTO task_events (task_id, seq, stream_id, types, version, at, events)
        SELECT w.id, w.seq, streamed + row_number() OVER (ORDER BY w.place), w.types, p_event_version, ts, w.events
        FROM unnest(t_commit, t_id, t_seq, t_types, t_events) WITH ORDINALITY AS w (n, id, seq, types, events, place)
        WHERE verdicts[w.n] = 0;
        PERFORM pg_notify('instancetasks_stream', (streamed + n)::text);
    END IF;

    RETURN QUERY
        SELECT v.n::int, v.verdict, CASE WHEN v.verdict = 4 THEN ARRAY(SELECT usages[v.n][j] FROM generate_series(1, 7) j) END, x.body_hash, x.answer
        FROM unnest(verdicts) WITH ORDINALITY AS v (verdict, n)
        LEFT JOIN unnest(k_commit, k_project, k_user, k_key) AS w (n, project, usr, key) ON v.verdict = 5 AND w.n = v.n
        LEFT JOIN idempotency x ON x.project_id = w.project AND x.user_id = w.usr AND x.key = w.key
        WHERE v.verdict <> 0;
END
$$;

-- Writes a tombstone under a task's id unless the task is there. False: it is.
CREATE FUNCTION refuse_task_1(p_id text, p_stream_base bigint, p_event_version int, p_events text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    ts bigint;
    streamed bigint;
BEGIN
    SELECT now INTO ts FROM database_clock;
    INSERT INTO tasks (id, instance_id, project_id, user_id, kind, state, step, request_id, generation, epoch, seq, shard, ended, is_fault,
        created_at, updated_at, finished_at, ended_at, body)
    VALUES (p_id, '', '', '', 'refused', 'refused', 0, '', 0, 0, 1, 0, 1, 0, ts, ts, ts, ts, '{}')
    ON CONFLICT (id) DO NOTHING;
    IF NOT FOUND THEN
        RETURN (SELECT t.state = 'refused' FROM tasks t WHERE t.id = p_id);
    END IF;
    streamed := number_stream(1, p_stream_base);
    INSERT INTO task_events (task_id, seq, stream_id, types, version, at, events)
    VALUES (p_id, 1, streamed + 1, 'ended', p_event_version, ts, p_events);
    PERFORM pg_notify('instancetasks_stream', (streamed + 1)::text);
    RETURN true;
END
$$;
