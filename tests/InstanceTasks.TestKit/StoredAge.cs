using System.Globalization;
using Microsoft.Data.Sqlite;

namespace InstanceTasks.TestKit;

/// <summary>Makes what has ended in a SQLite data directory older than it is.</summary>
public static class StoredAge
{
    /// <summary>Adds to the age of all ended tasks and deleted servers.</summary>
    public static void Add(string dataDirectory, TimeSpan age) => Execute(
        dataDirectory, age,
        "UPDATE tasks SET ended_at = ended_at - @age, created_at = created_at - @age WHERE ended = 1; UPDATE instances SET deleted_at = deleted_at - @age WHERE deleted = 1");

    /// <summary>Adds to the age of the last run of retention, and of the claim of one that has died.</summary>
    public static void AddToRetention(string dataDirectory, TimeSpan age) =>
        Execute(dataDirectory, age, "UPDATE retention SET last_run_at = last_run_at - @age, run_until = run_until - @age");

    private static void Execute(string dataDirectory, TimeSpan age, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(dataDirectory, "instancetasks.db")};Pooling=False;Default Timeout=30");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("@age", (long)age.TotalMicroseconds);
        command.ExecuteNonQuery();
    }

    /// <summary>How many reminders of a name there are.</summary>
    public static int CountReminders(string dataDirectory, string name)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(dataDirectory, "orleans.db")};Pooling=False;Default Timeout=30");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT COUNT(*) FROM OrleansRemindersTable WHERE ReminderName = @name";
        command.Parameters.AddWithValue("@name", name);
        return Convert.ToInt32(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }
}
