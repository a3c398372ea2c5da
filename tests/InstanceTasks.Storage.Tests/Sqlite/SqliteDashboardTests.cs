using Dapper;
using InstanceTasks.Engine;
using InstanceTasks.Storage.Tests.Conformance;
using Xunit.Abstractions;

namespace InstanceTasks.Storage.Tests.Sqlite;

/// <summary>The plans of the dashboard's queries: found in review, every open tab read all tasks each second to find the few that need attention.</summary>
public sealed class SqliteDashboardTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Plans_WithManyEndedTasks_LeadToWhatIsAskedForByAnIndex()
    {
        await using var fixture = await SqliteFixture.CreateAsync();
        await fixture.Store.OnWriterAsync(c => c.Execute(
            DashboardQueries.Fill($"(WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {DashboardQueries.Tasks - 1}) SELECT i FROM n)", "printf('%08x-0000-4000-8000-000000000000', i)", "(SELECT now FROM database_clock)", "hex(zeroblob(500))")));

        foreach (var (what, sql, parameters) in DashboardQueries.All(SqliteDialect.Instance, SqliteStore.FailuresSql))
        {
            var plan = await fixture.Store.OnReaderAsync(c => string.Join('\n', c.Query("EXPLAIN QUERY PLAN " + sql, parameters).Select(row => (string)row.detail)) + "\n");
            output.WriteLine($"{what}\n  {plan}");
            Assert.DoesNotMatch(@"SCAN (t|tasks)\n", plan);
        }

        Assert.Equal(4, await fixture.Store.CountAttentionAsync(null, 20));
        Assert.Equal(100, (await fixture.Store.ListTasksAsync(new() { States = ["running"] })).Count);
        Assert.Equal(200, (await fixture.Store.ListTasksAsync(new() { States = ["failed"], Sort = [("finished_at", true)] })).Count);
    }

    [Fact]
    public async Task Plans_OfRareThings_AreOfTheirOwnIndexes()
    {
        await using var fixture = await SqliteFixture.CreateAsync();
        foreach (var (filter, index) in new (TaskFilter, string)[]
            {
                (new() { States = ["needs_attention"] }, "tasks_attention"), (new() { States = ["failed"] }, "tasks_failed"), (new() { States = ["canceled"] }, "tasks_canceled"), (new() { States = ["running", "waiting"] }, "tasks_open\n"),
                (new() { States = ["queued"] }, "tasks_open\n"), (new() { States = ["succeeded"] }, "tasks_created"), (DashboardQueries.RareKind, "tasks_kind (kind=?)\n"), (DashboardQueries.RareUser, "tasks_user (user_id=?)\n"),
                (DashboardQueries.RareUser with { States = ["succeeded"], Project = new("p7"), Kinds = [new("stop")] }, "tasks_user (user_id=?)\n"), (new() { Kinds = [new("stop")], Project = new("p7") }, "tasks_project (project_id=?)\n"),
                (new() { Kinds = [new("stop"), new("start")] }, "tasks_created\n"), (new() { Kinds = [new("stop")], States = ["failed"], User = new("u3") }, "tasks_failed\n"),
            })
        {
            var (sql, parameters) = ListSql.TaskPage(filter, ListSort.OfTasks(filter.Sort), null, SqliteDialect.Instance);
            var plan = await fixture.Store.OnReaderAsync(c => string.Join('\n', c.Query("EXPLAIN QUERY PLAN " + sql, parameters).Select(row => (string)row.detail)) + "\n");
            Assert.Contains($"USING INDEX {index}", plan, StringComparison.Ordinal);
            Assert.DoesNotContain("TEMP B-TREE", plan, StringComparison.Ordinal);
        }
    }
}
