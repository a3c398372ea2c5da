-- Schema 5: a commit may leave the due time as it is. Then no indexed column changes, and a step's update writes no index at all.
-- commit_batch_1 stays for programs that know schema 2; commit_batch_2 is the same but for this one rule.
DO $$
DECLARE
    old text := pg_get_functiondef('commit_batch_1'::regproc);
    new text := replace(replace(old, 'commit_batch_1', 'commit_batch_2'),
        'ELSE ts + w.due_in END,' || chr(10) || '            updated_at',
        'ELSE coalesce(ts + w.due_in, t.due_at, ts) END,' || chr(10) || '            updated_at');
BEGIN
    IF length(new) <> length(old) + length('coalesce(, t.due_at, ts)') THEN
        RAISE EXCEPTION 'commit_batch_1 is not the function that this migration knows';
    END IF;
    EXECUTE new;
END
$$;

-- Rows of this size are cheaper to write as they are than to compress at every step.
ALTER TABLE tasks SET (toast_tuple_target = 4080);
ALTER TABLE instances SET (toast_tuple_target = 4080);
