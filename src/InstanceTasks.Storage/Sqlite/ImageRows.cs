using InstanceTasks.Engine;
using Microsoft.Data.Sqlite;

namespace InstanceTasks.Storage;

/// <summary>The catalogue of images.</summary>
internal static class ImageRows
{
    private const string Columns = "id, project_id, name, active, min_disk_gb, properties, instance_id, task_id, shelved, created_at, updated_at";

    public static void Apply(Statements statements, PreparedImage image)
    {
        var record = image.Record;
        _ = image.Kind switch
        {
            ImageChangeKind.Add => statements.Run(
                $"""
                INSERT INTO images ({Columns}) VALUES (@id, @project, @name, 0, @disk, @properties, @instance, @task, @shelved, @created, @updated)
                ON CONFLICT (id) DO NOTHING
                """,
                ("@id", record.Id), ("@project", record.Project.Value), ("@name", record.Name), ("@disk", record.MinDiskGb), ("@properties", image.Properties),
                ("@instance", image.Instance), ("@task", image.Task), ("@shelved", record.Shelved ? 1 : 0),
                ("@created", UnixMicros.Of(record.CreatedAt)), ("@updated", UnixMicros.Of(record.UpdatedAt))),
            ImageChangeKind.Activate => statements.Run(
                "UPDATE images SET active = 1, updated_at = @updated WHERE id = @id AND task_id = @task",
                ("@updated", UnixMicros.Of(record.UpdatedAt)), ("@id", record.Id), ("@task", image.Task)),
            ImageChangeKind.Remove => statements.Run("DELETE FROM images WHERE id = @id AND task_id = @task", ("@id", record.Id), ("@task", image.Task)),
            _ => statements.Run("DELETE FROM images WHERE instance_id = @instance AND shelved = 1 AND active = 1", ("@instance", image.Instance)),
        };
    }

    public static IReadOnlyList<ImageRecord> List(Statements statements, ProjectId? project)
    {
        var images = new List<ImageRecord>();
        using var row = statements.Query(
            $"SELECT {Columns} FROM images WHERE @project IS NULL OR project_id = @project ORDER BY created_at, id", ("@project", project?.Value));
        while (row.Read())
        {
            images.Add(Read(row));
        }

        return images;
    }

    public static ImageRecord? Get(Statements statements, string id)
    {
        using var row = statements.Query($"SELECT {Columns} FROM images WHERE id = @id", ("@id", id));
        return row.Read() ? Read(row) : null;
    }

    private static ImageRecord Read(SqliteDataReader row) => new()
    {
        Id = row.GetString(0),
        Project = new(row.GetString(1)),
        Name = row.GetString(2),
        Active = row.GetInt64(3) != 0,
        MinDiskGb = row.GetInt32(4),
        Properties = EngineJson.Read<Dictionary<string, string>>(row.GetString(5)),
        Instance = new(Guid.Parse(row.GetString(6))),
        Task = new(Guid.Parse(row.GetString(7))),
        Shelved = row.GetInt64(8) != 0,
        CreatedAt = UnixMicros.ToTime(row.GetInt64(9)),
        UpdatedAt = UnixMicros.ToTime(row.GetInt64(10)),
    };
}
