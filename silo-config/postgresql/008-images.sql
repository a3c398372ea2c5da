-- Schema 8: the catalogue of images that were made from servers. A row changes in the commit that accepts or ends its task, or is removed by its
-- owner. A program that knows schema 7 would delete a shelved server and leave its image: it must not share a database with those that shelve.
CREATE TABLE images (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    project_id text COLLATE "C" NOT NULL,
    name text NOT NULL,
    active int NOT NULL CHECK (active IN (0, 1)),
    min_disk_gb int NOT NULL,
    properties text NOT NULL,
    instance_id text COLLATE "C" NOT NULL,
    task_id text COLLATE "C" NOT NULL,
    shelved int NOT NULL CHECK (shelved IN (0, 1)),
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
CREATE INDEX images_project ON images (project_id, created_at, id);
CREATE INDEX images_shelved ON images (instance_id) WHERE shelved = 1;

-- commit_batch_4 is commit_batch_3 and takes images, too. Each commit with images writes their instance as well, whose row is locked by then: nobody
-- else changes them meanwhile.
--   m_: images. m_change: 1 add, 2 make active, 3 remove, 4 remove those that belong to the shelved server and are complete
DO $$
DECLARE
    body text := pg_get_functiondef('commit_batch_3'::regproc);
    -- What is replaced, and by what; each must be there exactly once.
    changes text[][] := ARRAY[
        ARRAY['commit_batch_3', 'commit_batch_4'],
        ARRAY['t_guard bigint[])', 't_guard bigint[], m_commit integer[], m_change integer[], m_id text[], m_project text[], m_name text[], m_disk integer[], '
            || 'm_properties text[], m_instance text[], m_task text[], m_shelved integer[], m_created bigint[], m_updated bigint[])'],
        ARRAY['    -- 8. The stream, last.', $q$    IF winners > 0 AND cardinality(m_id) > 0 THEN
        INSERT INTO images (id, project_id, name, active, min_disk_gb, properties, instance_id, task_id, shelved, created_at, updated_at)
        SELECT w.id, w.project, w.name, 0, w.disk, w.properties, w.instance, w.task, w.shelved, w.created, w.updated
        FROM unnest(m_commit, m_change, m_id, m_project, m_name, m_disk, m_properties, m_instance, m_task, m_shelved, m_created, m_updated)
            AS w (n, change, id, project, name, disk, properties, instance, task, shelved, created, updated)
        WHERE verdicts[w.n] = 0 AND w.change = 1 ORDER BY w.id COLLATE "C"
        ON CONFLICT (id) DO NOTHING;
        UPDATE images x SET active = 1, updated_at = w.updated FROM unnest(m_commit, m_change, m_id, m_task, m_updated) AS w (n, change, id, task, updated)
        WHERE verdicts[w.n] = 0 AND w.change = 2 AND x.id = w.id AND x.task_id = w.task;
        DELETE FROM images x USING unnest(m_commit, m_change, m_id, m_task) AS w (n, change, id, task)
        WHERE verdicts[w.n] = 0 AND w.change = 3 AND x.id = w.id AND x.task_id = w.task;
        DELETE FROM images x USING unnest(m_commit, m_change, m_instance) AS w (n, change, instance)
        WHERE verdicts[w.n] = 0 AND w.change = 4 AND x.instance_id = w.instance AND x.shelved = 1 AND x.active = 1;
    END IF;

    -- 8. The stream, last.$q$]];
    change text[];
BEGIN
    FOREACH change SLICE 1 IN ARRAY changes LOOP
        IF length(body) - length(replace(body, change[1], '')) <> length(change[1]) THEN
            RAISE EXCEPTION 'commit_batch_3 is not the function that this migration knows: "%"', change[1];
        END IF;
        body := replace(body, change[1], change[2]);
    END LOOP;
    EXECUTE body;
END
$$;
