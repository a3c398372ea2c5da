using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>Task rows and their event rows.</summary>
internal static class TaskApplier
{
    private const string InsertEventSql =
        "INSERT INTO task_events (task_id, seq, stream_id, types, version, at, events) VALUES (@id, @seq, @stream, @types, @version, @now, @events)";

    /// <summary>The fence: the event row is free, and the row before it is the last.</summary>
    public static bool IsNext(WriterSession session, PreparedTask task)
    {
        using var row = session.Statements.Query(
            "SELECT (SELECT seq FROM tasks WHERE id = @id), EXISTS (SELECT 1 FROM task_events WHERE task_id = @id AND seq = @seq)",
            ("@id", task.Id), ("@seq", task.Record.Seq));
        row.Read();
        var last = row.IsDBNull(0) ? 0 : row.GetInt64(0);
        return row.GetInt64(1) == 0 && last == task.Record.Seq - 1;
    }

    public static void Write(WriterSession session, PreparedTask task)
    {
        session.Statements.Run(
            InsertEventSql,
            ("@id", task.Id), ("@seq", task.Record.Seq), ("@stream", session.NextStreamId()), ("@types", task.EventTypes),
            ("@version", EventTypes.Version), ("@now", session.Now), ("@events", task.Events));
        if (task.Record.Seq == 1)
        {
            Insert(session, task);
        }
        else
        {
            Update(session, task);
        }

        if (ChildCounting.Of(task.Record) is { } counted)
        {
            Count(session, counted.Parent, counted.Change);
        }

        session.OnTaskWritten(task.Record);
    }

    /// <summary>Whether the parent is as the child's accept must find it.</summary>
    public static bool IsStill(WriterSession session, ParentGuard guard) =>
        session.Statements.Scalar("SELECT 1 FROM tasks WHERE id = @id AND seq = @seq AND ended = 0", ("@id", guard.Parent.ToString()), ("@seq", guard.Seq)) is not null;

    private static void Count(WriterSession session, TaskId parent, ChildCounts change) => session.Statements.Run(
        """
        UPDATE tasks SET children_started = children_started + @started, children_succeeded = children_succeeded + @succeeded,
            children_failed = children_failed + @failed, children_canceled = children_canceled + @canceled, wakes = wakes + @done,
            due_at = CASE WHEN ended = 1 OR @done = 0 OR due_at < @now THEN due_at ELSE @now END
        WHERE id = @id
        """,
        ("@started", change.Started), ("@succeeded", change.Succeeded), ("@failed", change.Failed), ("@canceled", change.Canceled), ("@done", change.Ended),
        ("@now", session.Now), ("@id", parent.ToString()));

    public static void Wake(WriterSession session, TaskId id) => session.Statements.Run(
        """
        UPDATE tasks SET wakes = wakes + 1, due_at = CASE WHEN ended = 1 THEN NULL WHEN due_at < @now THEN due_at ELSE @now END WHERE id = @id
        """,
        ("@now", session.Now), ("@id", id.ToString()));

    /// <summary>False: the task exists.</summary>
    public static bool Refuse(WriterSession session, TaskId id)
    {
        var text = id.ToString();
        if (session.Statements.Scalar("SELECT state FROM tasks WHERE id = @id", ("@id", text)) is string state)
        {
            return state == TaskRow.RefusedState;
        }

        session.Statements.Run(
            InsertEventSql,
            ("@id", text), ("@seq", 1), ("@stream", session.NextStreamId()), ("@types", "ended"), ("@version", EventTypes.Version), ("@now", session.Now),
            ("@events", EngineJson.Write<IReadOnlyList<TaskEvent>>([new TaskEnded { At = UnixMicros.ToTime(session.Now), Outcome = TaskOutcome.Refused }])));
        session.Statements.Run(
            """
            INSERT INTO tasks (id, instance_id, project_id, user_id, kind, state, step, request_id, generation, epoch, seq, shard, ended, is_fault,
                created_at, updated_at, finished_at, ended_at, body)
            VALUES (@id, '', '', '', @state, @state, 0, '', 0, 0, 1, 0, 1, 0, @now, @now, @now, @now, '{}')
            """,
            ("@id", text), ("@state", TaskRow.RefusedState), ("@now", session.Now));
        return true;
    }

    private static void Insert(WriterSession session, PreparedTask task)
    {
        var record = task.Record;
        session.Statements.Run(
            """
            INSERT INTO tasks (id, instance_id, project_id, user_id, kind, state, task_state, step, request_id, host, generation, epoch, seq, shard,
                ended, is_fault, due_at, created_at, updated_at, finished_at, ended_at, body, parent_id)
            VALUES (@id, @instance, @project, @user, @kind, @state, @task_state, @step, @request, @host, @generation, @epoch, 1, @shard,
                @ended, @fault, @due, @created, @updated, @finished, @ended_at, @body, @parent)
            """,
            ("@id", task.Id), ("@instance", task.InstanceId), ("@project", record.Project.Value), ("@user", record.User.Value),
            ("@kind", record.Kind.Name), ("@state", task.State), ("@task_state", record.TaskState), ("@step", record.Step),
            ("@request", record.Request.Value), ("@host", record.Host?.Value), ("@generation", record.Generation), ("@epoch", record.Epoch),
            ("@shard", Shards.Of(record.Instance)), ("@ended", record.IsEnded ? 1 : 0), ("@fault", task.IsFault ? 1 : 0), ("@due", DueAt(session, task)),
            ("@created", UnixMicros.Of(record.CreatedAt)), ("@updated", UnixMicros.Of(record.UpdatedAt)),
            ("@finished", UnixMicros.Of(record.FinishedAt)), ("@ended_at", record.IsEnded ? session.Now : null), ("@body", task.Body),
            ("@parent", record.Parent?.ToString()));
    }

    private static void Update(WriterSession session, PreparedTask task)
    {
        var record = task.Record;
        session.Statements.Run(
            """
            UPDATE tasks SET state = @state, task_state = @task_state, step = @step, host = @host, generation = @generation, epoch = @epoch, seq = @seq,
                ended = @ended, is_fault = @fault, due_at = CASE WHEN @ended = 1 THEN NULL WHEN wakes > @wakes_read THEN @now ELSE COALESCE(@due, due_at, @now) END,
                updated_at = @updated, finished_at = @finished, ended_at = CASE WHEN @ended = 1 THEN COALESCE(ended_at, @now) END,
                quarantine = NULL, body = @body
            WHERE id = @id
            """,
            ("@state", task.State), ("@task_state", record.TaskState), ("@step", record.Step), ("@host", record.Host?.Value),
            ("@generation", record.Generation), ("@epoch", record.Epoch), ("@seq", record.Seq), ("@ended", record.IsEnded ? 1 : 0),
            ("@fault", task.IsFault ? 1 : 0), ("@wakes_read", task.Write.WakesRead), ("@now", session.Now), ("@due", DueAt(session, task)),
            ("@updated", UnixMicros.Of(record.UpdatedAt)), ("@finished", UnixMicros.Of(record.FinishedAt)), ("@body", task.Body), ("@id", task.Id));
    }

    private static long? DueAt(WriterSession session, PreparedTask task) =>
        task.Record.IsEnded || task.Write.DueIn is not { } dueIn ? null : session.Now + UnixMicros.Of(dueIn);
}
