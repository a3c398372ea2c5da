using Dapper;
using InstanceTasks.Engine;

namespace InstanceTasks.Storage.Tests.Conformance;

/// <summary>What the dashboard's pages ask of <c>tasks</c>, as statements of a store, and 100 000 tasks to ask it of: 100 are running, 4 need attention, few failed, 5 are rebuilds, 4 of a user who does little.</summary>
internal static class DashboardQueries
{
    public const int Tasks = 100_000;
    private static readonly string[] Open = [.. TaskStateNames.All.Except([.. TaskStateNames.Terminal, "needs_attention"])];
    private static readonly ProjectId Project = new("p7");

    /// <summary>The lists: of the navigation, the overview, the inbox, the tasks page with each of its chips and orders, a host, an instance, a family, a request.</summary>
    public static IReadOnlyList<TaskFilter> Lists { get; } =
    [
        new() { States = ["needs_attention"], Limit = 6 }, new() { States = ["needs_attention"], Project = Project, Limit = 6 }, new() { States = ["needs_attention"], Sort = [("updated_at", false)], Limit = 21 },
        new() { Limit = 51 }, new() { Project = Project, Limit = 51 }, new() { States = Open, Limit = 51 }, new() { States = Open, Project = Project, Limit = 51 },
        new() { States = Open, Sort = [("updated_at", true)], Limit = 51 }, new() { States = [.. Open, "needs_attention"], Host = new("h7"), Limit = 61 }, new() { States = ["queued"], Limit = 51 },
        new() { States = ["failed"], Limit = 51 }, new() { States = ["failed"], Project = Project, Limit = 51 }, new() { States = ["failed"], Sort = [("finished_at", true)], Limit = 51 },
        new() { States = ["canceled"], Limit = 51 }, new() { States = ["canceled"], Sort = [("finished_at", true)], Limit = 51 }, new() { States = ["succeeded"], Limit = 51 },
        new() { Kinds = [new("stop")], Limit = 51 }, RareKind, new() { Kinds = [new("stop"), new("rebuild")], Limit = 51 }, new() { Kinds = [new("rebuild")], Project = Project, Limit = 51 },
        new() { User = new("u3"), Limit = 51 }, RareUser, RareUser with { States = ["succeeded"] }, RareUser with { Kinds = [new("stop")], Project = Project },
        new() { Instance = new(Guid.Parse("00000007-0000-4000-8000-000000000000")), Limit = 21 },
        new() { Request = new("req-7") }, new() { Parent = new(Guid.Parse("00000007-0000-4000-8000-000000000000")), Limit = 51 },
    ];

    /// <summary>A filter by a kind that hardly any task is of.</summary>
    public static TaskFilter RareKind => new() { Kinds = [new("rebuild")], Limit = 51 };

    /// <summary>A filter by a user who has hardly any task.</summary>
    public static TaskFilter RareUser => new() { User = new("rare"), Limit = 51 };

    public static IEnumerable<(string What, string Sql, DynamicParameters Parameters)> All(SqlDialect dialect, string failures)
    {
        foreach (var filter in Lists)
        {
            var (sql, parameters) = ListSql.TaskPage(filter, ListSort.OfTasks(filter.Sort), null, dialect);
            yield return ($"{filter} {string.Join(',', filter.States ?? [])}", sql, parameters);
        }

        foreach (var project in new ProjectId?[] { null, Project })
        {
            var (attention, ended) = (OverviewSql.Attention(project), OverviewSql.Ended(project, 5));
            yield return ($"attention of {project}", OverviewSql.CountAttention(attention, 21, dialect), attention.Parameters);
            yield return ($"chart of {project}", OverviewSql.ListEnded(ended, 1001, dialect), ended.Parameters);
        }

        var since = new DynamicParameters(new { since = 5L });
        yield return ("open", CountSql.Open, new());
        yield return ("ended", CountSql.Ended, since);
        yield return ("failures", failures, since);
    }

    /// <summary>The statement that makes the tasks.</summary>
    /// <param name="series">A table <c>n (i)</c> of their numbers.</param>
    /// <param name="id">An id of a number.</param>
    /// <param name="now">Database time.</param>
    /// <param name="body">A body of the usual size.</param>
    public static string Fill(string series, string id, string now, string body) =>
        $"""
        INSERT INTO tasks (id, instance_id, project_id, user_id, kind, state, step, request_id, host, generation, epoch, seq, shard, ended, is_fault, due_at, created_at, updated_at, finished_at, ended_at, body)
        SELECT {id}, {id}, 'p' || (i % 50), CASE WHEN i % 25000 = 9 THEN 'rare' ELSE 'u' || (i % 10) END, CASE WHEN i % 20000 = 11 THEN 'rebuild' WHEN i % 20 = 0 THEN 'stop' ELSE 'start' END,
            CASE WHEN i % 30000 = 5 THEN 'needs_attention' WHEN i % 1000 = 0 THEN 'running' WHEN i % 500 = 1 THEN 'failed' WHEN i % 700 = 2 THEN 'canceled' ELSE 'succeeded' END,
            1, 'req-' || i, 'h' || (i % 100), 1 + i % 3, 1, 1, i % 4, CASE WHEN i % 30000 = 5 OR i % 1000 = 0 THEN 0 ELSE 1 END, CASE WHEN i % 30000 = 5 OR i % 500 = 1 THEN 1 ELSE 0 END, NULL, i, i,
            CASE WHEN i % 30000 = 5 OR i % 1000 = 0 THEN NULL ELSE i END, CASE WHEN i % 30000 = 5 OR i % 1000 = 0 THEN NULL ELSE {now} - ({Tasks} - i) * 3600000 END, {body}
        FROM {series}
        """;
}
