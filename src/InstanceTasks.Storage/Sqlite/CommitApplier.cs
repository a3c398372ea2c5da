using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>
/// Applies one commit inside the writer's transaction: first the verdicts in their fixed order, then the rows. The caller takes everything
/// back when the verdict is not Applied.
/// </summary>
internal static class CommitApplier
{
    private static readonly CommitResult Applied = new(CommitVerdict.Applied);

    public static CommitResult Apply(WriterSession session, PreparedCommit commit)
    {
        var verdict = FenceVerdict(session, commit) ?? KeyVerdict(session, commit) ?? TakeQuota(session, commit.Commit) ?? ClaimApplier.Apply(session, commit.Commit);
        if (verdict is not null)
        {
            return verdict;
        }

        foreach (var task in commit.Tasks)
        {
            TaskApplier.Write(session, task);
        }

        WriteInstance(session, commit);
        WriteIdempotency(session, commit);
        WriteSecrets(session, commit.Commit);
        foreach (var image in commit.Images)
        {
            ImageRows.Apply(session.Statements, image);
        }

        foreach (var wake in commit.Commit.Wakes)
        {
            TaskApplier.Wake(session, wake);
        }

        return Applied;
    }

    private static CommitResult? FenceVerdict(WriterSession session, PreparedCommit commit)
    {
        foreach (var task in commit.Tasks)
        {
            if (!TaskApplier.IsNext(session, task))
            {
                return new(CommitVerdict.TaskConflict);
            }
        }

        if (commit.Commit.Guard is { } guard && !TaskApplier.IsStill(session, guard))
        {
            return new(CommitVerdict.ParentConflict);
        }

        if (commit.Instance is not { } instance)
        {
            return null;
        }

        var version = session.Statements.Scalar("SELECT version FROM instances WHERE id = @id", ("@id", instance.Id)) as long? ?? 0;
        return version == commit.Commit.Instance!.ExpectedVersion ? null : new(CommitVerdict.InstanceConflict);
    }

    private static CommitResult? KeyVerdict(WriterSession session, PreparedCommit commit)
    {
        if (commit.Commit.Idempotency is not { } key)
        {
            return null;
        }

        return IdempotencyRows.Read(session.Statements, key.Project, key.User, key.Key) is { } stored ? new(CommitVerdict.KeyExists, Stored: stored) : null;
    }

    private static CommitResult? TakeQuota(WriterSession session, Commit commit)
    {
        foreach (var change in commit.Quota)
        {
            var project = change.Project.Value;
            session.Statements.Run("INSERT OR IGNORE INTO quota (project_id) VALUES (@project)", ("@project", project));
            if (QuotaRules.Refusal(QuotaRows.Read(session.Statements, project), change) is { } refusal)
            {
                return new(CommitVerdict.QuotaExceeded, refusal);
            }

            session.Statements.Run(
                "UPDATE quota SET instances = instances + @instances, cores = cores + @cores, ram_mb = ram_mb + @ram WHERE project_id = @project",
                ("@instances", change.Instances), ("@cores", change.Cores), ("@ram", change.RamMb), ("@project", project));
        }

        return null;
    }

    private static void WriteInstance(WriterSession session, PreparedCommit commit)
    {
        if (commit.Instance is not { } instance)
        {
            return;
        }

        var record = instance.Record;
        session.Statements.Run(
            """
            INSERT INTO instances (id, project_id, user_id, name, vm_state, deleted, host, version, holder, flavor_id, image_id, key_name, locked,
                reservation_id, zone, created_at, updated_at, deleted_at, body)
            VALUES (@id, @project, @user, @name, @vm_state, @deleted, @host, @version, @holder, @flavor, @image, @key, @locked,
                @reservation, @zone, @created, @updated, @deleted_at, @body)
            ON CONFLICT (id) DO UPDATE SET project_id = excluded.project_id, user_id = excluded.user_id, name = excluded.name,
                vm_state = excluded.vm_state, deleted = excluded.deleted, host = excluded.host, version = excluded.version, holder = excluded.holder,
                flavor_id = excluded.flavor_id, image_id = excluded.image_id, key_name = excluded.key_name, locked = excluded.locked,
                reservation_id = excluded.reservation_id, zone = excluded.zone, created_at = excluded.created_at, updated_at = excluded.updated_at,
                deleted_at = excluded.deleted_at, body = excluded.body
            """,
            ("@id", instance.Id), ("@project", record.Project.Value), ("@user", record.User.Value), ("@name", record.Name),
            ("@vm_state", instance.VmState), ("@deleted", instance.Deleted ? 1 : 0), ("@host", record.Host?.Value), ("@version", record.Version),
            ("@holder", record.Holder?.Id.ToString()), ("@flavor", record.Flavor.Id), ("@image", record.ImageId), ("@key", record.KeyName),
            ("@locked", record.Locked ? 1 : 0), ("@reservation", record.ReservationId), ("@zone", record.AvailabilityZone),
            ("@created", UnixMicros.Of(record.CreatedAt)), ("@updated", UnixMicros.Of(record.UpdatedAt)),
            ("@deleted_at", UnixMicros.Of(record.TerminatedAt)), ("@body", instance.Body));
        if (instance.Deleted)
        {
            session.Statements.Run(
                """
                DELETE FROM secrets WHERE dies_with_instance = 1
                    AND (owner = @id OR owner IN (SELECT id FROM tasks WHERE instance_id = @id))
                """,
                ("@id", instance.Id));
        }
    }

    private static void WriteIdempotency(WriterSession session, PreparedCommit commit)
    {
        if (commit.Commit.Idempotency is { } key)
        {
            // An expired key that housekeeping has not removed yet is replaced.
            session.Statements.Run(
                "INSERT OR REPLACE INTO idempotency (project_id, user_id, key, body_hash, answer, created_at) VALUES (@project, @user, @key, @hash, @answer, @now)",
                ("@project", key.Project.Value), ("@user", key.User.Value), ("@key", key.Key), ("@hash", key.BodyHash), ("@answer", commit.IdempotencyAnswer), ("@now", session.Now));
        }
    }

    private static void WriteSecrets(WriterSession session, Commit commit)
    {
        foreach (var secret in commit.Secrets)
        {
            session.Statements.Run(
                "INSERT OR REPLACE INTO secrets (owner, name, ciphertext, dies_with_instance, created_at) VALUES (@owner, @name, @ciphertext, @dies, @now)",
                ("@owner", secret.Owner.ToString()), ("@name", secret.Name), ("@ciphertext", secret.Ciphertext), ("@dies", secret.DiesWithInstance ? 1 : 0), ("@now", session.Now));
        }
    }
}
