using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>A commit with everything serialized and checked that needs no database: made on the caller's thread, so that the writer only writes.</summary>
internal sealed class PreparedCommit
{
    private PreparedCommit(Commit commit, PreparedTask[] tasks, PreparedInstance? instance, string? answer, PreparedImage[] images) =>
        (Commit, Tasks, Instance, IdempotencyAnswer, Images) = (commit, tasks, instance, answer, images);

    public Commit Commit { get; }

    public IReadOnlyList<PreparedTask> Tasks { get; }

    public PreparedInstance? Instance { get; }

    public string? IdempotencyAnswer { get; }

    public IReadOnlyList<PreparedImage> Images { get; }

    /// <exception cref="CommitFailedException">A value that no store takes.</exception>
    /// <exception cref="ArgumentException">The commit contradicts itself: a defect of the caller.</exception>
    public static PreparedCommit Of(Commit commit, int maxRowCharacters)
    {
        if (commit.Tasks.Count > 1 && commit.Tasks.DistinctBy(t => t.After.Id).Count() != commit.Tasks.Count)
        {
            throw new ArgumentException("A commit has at most one entry per task.", nameof(commit));
        }

        if (commit.Instance is { } write && write.After.Version != write.ExpectedVersion + 1)
        {
            throw new ArgumentException($"An instance write goes from version {write.ExpectedVersion} to the next, not to {write.After.Version}.", nameof(commit));
        }

        if (commit.Guard is { } guard && !commit.Tasks.Any(t => t.After.Seq == 1 && t.After.Parent == guard.Parent))
        {
            throw new ArgumentException("Only the accept of a child looks at its parent.", nameof(commit));
        }

        var limit = new RowText(maxRowCharacters);
        CheckLooseTexts(commit, limit);
        return new(
            commit,
            [.. commit.Tasks.Select(t => PreparedTask.Of(t, limit))],
            commit.Instance is { } instance ? PreparedInstance.Of(instance.After, limit) : null,
            commit.Idempotency is { } key ? limit.Check("idempotency.answer", EngineJson.Write(key.Answer)) : null,
            [.. commit.Images.Select(i => PreparedImage.Of(i, limit))]);
    }

    private static void CheckLooseTexts(Commit commit, RowText limit)
    {
        if (commit.Idempotency is { } key)
        {
            limit.Check("idempotency.key", key.Key);
            limit.Check("idempotency.project", key.Project.Value);
            limit.Check("idempotency.user", key.User.Value);
        }

        foreach (var secret in commit.Secrets)
        {
            limit.Check("secrets.name", secret.Name);
        }

        foreach (var claim in commit.Claims)
        {
            limit.Check("claims.host", claim.Host?.Value);
        }

        foreach (var quota in commit.Quota)
        {
            limit.Check("quota.project", quota.Project.Value);
        }
    }
}

/// <summary>The values of a <c>tasks</c> row and its event row.</summary>
internal sealed record PreparedTask(TaskWrite Write, string Id, string InstanceId, string State, bool IsFault, string EventTypes, string Events, string Body)
{
    public TaskRecord Record => Write.After;

    public static PreparedTask Of(TaskWrite write, RowText limit)
    {
        var record = write.After;
        if (record.Seq < 1 || write.Events.Count == 0)
        {
            throw new ArgumentException($"A task write has a number from 1 and at least one event, not {record.Seq} and {write.Events.Count}.", nameof(write));
        }

        limit.Check("task.project", record.Project.Value);
        limit.Check("task.user", record.User.Value);
        limit.Check("task.request", record.Request.Value);
        limit.Check("task.host", record.Host?.Value);
        limit.Check("task.task_state", record.TaskState);
        return new(
            write,
            record.Id.ToString(),
            record.Instance.ToString(),
            record.State,
            FaultRules.IsFault(record),
            Storage.EventTypes.Of(write.Events),
            limit.Check("task.events", EngineJson.Write(write.Events)),
            limit.Check("task.body", EngineJson.Write(record)));
    }
}

/// <summary>The values of an <c>instances</c> row.</summary>
internal sealed record PreparedInstance(InstanceRecord Record, string Id, string VmState, bool Deleted, string Body)
{
    public static PreparedInstance Of(InstanceRecord record, RowText limit)
    {
        limit.Check("instance.name", record.Name);
        limit.Check("instance.project", record.Project.Value);
        limit.Check("instance.user", record.User.Value);
        limit.Check("instance.host", record.Host?.Value);
        limit.Check("instance.image", record.ImageId);
        limit.Check("instance.flavor", record.Flavor.Id);
        limit.Check("instance.key_name", record.KeyName);
        limit.Check("instance.reservation", record.ReservationId);
        limit.Check("instance.zone", record.AvailabilityZone);
        return new(
            record,
            record.Id.ToString(),
            ServerStatus.WireName(record.VmState),
            record.VmState == InstanceTasks.VmState.Deleted,
            limit.Check("instance.body", EngineJson.Write(record)));
    }
}

/// <summary>The values of an <c>images</c> row, and what becomes of it.</summary>
internal sealed record PreparedImage(ImageChangeKind Kind, ImageRecord Record, string Instance, string Task, string Properties)
{
    public static PreparedImage Of(ImageChange change, RowText limit)
    {
        var image = change.Image;
        limit.Check("image.id", image.Id);
        limit.Check("image.name", image.Name);
        return new(change.Kind, image, image.Instance.ToString(), image.Task.ToString(), limit.Check("image.properties", EngineJson.Write(image.Properties)));
    }
}

/// <summary>Refuses text that not every store can hold, the same way for each of them.</summary>
internal sealed class RowText(int maxCharacters)
{
    public string Check(string column, string? text)
    {
        if (text is null)
        {
            return null!; // The column's own constraint decides about null.
        }

        if (text.Length > maxCharacters)
        {
            throw new CommitFailedException($"{column} has {text.Length} characters; at most {maxCharacters} can be stored.");
        }

        if (text.Contains('\0'))
        {
            throw new CommitFailedException($"{column} has a NUL character, which cannot be stored.");
        }

        return HasLoneSurrogate(text) ? throw new CommitFailedException($"{column} is not valid Unicode text.") : text;
    }

    private static bool HasLoneSurrogate(string text)
    {
        for (var i = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF'); i >= 0 && i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(text[i]))
            {
                return true;
            }
        }

        return false;
    }
}
