using System.Diagnostics;
using Dapper;
using InstanceTasks.Engine;
using InstanceTasks.Storage.Tests.Conformance;
using Xunit.Abstractions;

namespace InstanceTasks.Storage.Tests.Postgres;

/// <summary>The plans of the dashboard's queries: found in review, every open tab read all tasks each second to find the few that need attention.</summary>
[Trait("Requires", "postgresql")]
public sealed class PostgresDashboardTests(ITestOutputHelper output)
{
    // As often as makes the driver prepare a statement, and the server think about a plan for any value.
    private const int Often = 12;

    [Fact]
    public async Task Plans_WithManyEndedTasks_AreNoScanOfAllTasks()
    {
        await using var fixture = await PostgresFixture.CreateAsync();
        await FillAsync(fixture.Store);
        foreach (var (what, sql, parameters) in DashboardQueries.All(PostgresDialect.Instance, CountSql.Failures("failure_kind_1(body)")))
        {
            var plan = string.Join('\n', await fixture.Store.OnConnectionAsync(c => c.QueryAsync<string>("EXPLAIN " + sql, parameters)));
            output.WriteLine($"{what}\n{plan}\n");
            Assert.DoesNotContain("Seq Scan on tasks", plan, StringComparison.Ordinal);
        }

        Assert.Contains("tasks_kind", await PlanAsync(fixture, DashboardQueries.RareKind), StringComparison.Ordinal);
        Assert.Contains("tasks_user", await PlanAsync(fixture, DashboardQueries.RareUser), StringComparison.Ordinal);

        await fixture.ReopenAsync();
        var before = await ScansAsync(fixture);
        foreach (var filter in DashboardQueries.Lists)
        {
            await TimedAsync($"{filter} {string.Join(',', filter.States ?? [])}", () => fixture.Store.ListTasksAsync(filter));
        }

        await TimedAsync("counts", () => fixture.Store.CountAsync(TimeSpan.FromHours(1)));
        await TimedAsync("attention", () => fixture.Store.CountAttentionAsync(null, 21));
        await TimedAsync("chart", () => fixture.Store.ListEndedAsync(null, TimeSpan.FromHours(1), 1001));
        Assert.Equal(4, await fixture.Store.CountAttentionAsync(null, 21));
        Assert.InRange((await fixture.Store.ListEndedAsync(null, TimeSpan.FromHours(1), 1001)).Count, 900, 1001);
        Assert.Equal(before, await ScansAsync(fixture));
    }

    /// <summary>
    /// A step must not write an index: it did not before there were indexes of rare states, and does not now. A row whose page is full moves to another and writes all of them, which is no matter of what a step
    /// changes, and when it comes depends on what else looks at the server (a snapshot held elsewhere keeps the row's old versions on the page): moves are counted apart.
    /// </summary>
    [Fact]
    public async Task Commits_OfSteps_WriteNoIndex()
    {
        await using var fixture = await PostgresFixture.CreateAsync();
        var task = Some.Task();
        await fixture.Store.CommitAsync(Some.Commit(task));
        var pages = new List<string> { await PageAsync(fixture) };
        for (var i = 0; i < 20; i++)
        {
            task = task.Next();
            Assert.True((await fixture.Store.CommitAsync(Some.Commit(task) with { Tasks = [Some.Write(task, TimeSpan.FromMinutes(1)) with { DueIn = null }] })).Applied);
            pages.Add(await PageAsync(fixture));
        }

        await fixture.ReopenAsync();
        var (all, hot) = await fixture.Store.OnConnectionAsync(c => c.QuerySingleAsync<(long, long)>("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'tasks'"));
        var moves = pages.Zip(pages.Skip(1)).Count(pair => pair.First != pair.Second);
        Assert.Equal(20, all);
        Assert.InRange(moves, 0, 10);
        Assert.Equal(all - moves, hot);
    }

    private static async Task<string> PlanAsync(PostgresFixture fixture, TaskFilter filter)
    {
        var (sql, parameters) = ListSql.TaskPage(filter, ListSort.OfTasks(filter.Sort), null, PostgresDialect.Instance);
        return string.Join('\n', await fixture.Store.OnConnectionAsync(c => c.QueryAsync<string>("EXPLAIN " + sql, parameters)));
    }

    private static Task<string> PageAsync(PostgresFixture fixture) =>
        fixture.Store.OnConnectionAsync(c => c.QuerySingleAsync<string>("SELECT split_part(trim('()' from ctid::text), ',', 1) FROM tasks"));

    private static Task FillAsync(PostgresStore store) => store.OnConnectionAsync(async c =>
    {
        await c.ExecuteAsync("SET statement_timeout = 0");
        await c.ExecuteAsync(DashboardQueries.Fill(
            $"generate_series(0, {DashboardQueries.Tasks - 1}::bigint) AS n (i)", "lpad(to_hex(i), 8, '0') || '-0000-4000-8000-000000000000'", "(SELECT now FROM database_clock)", "repeat('x', 1000)"));
        return await c.ExecuteAsync("VACUUM ANALYZE tasks");
    });

    private async Task TimedAsync<T>(string what, Func<Task<T>> run)
    {
        var begun = Stopwatch.GetTimestamp();
        for (var i = 0; i < Often; i++)
        {
            await run();
        }

        output.WriteLine($"{Stopwatch.GetElapsedTime(begun).TotalMilliseconds / Often,8:F2} ms  {what}");
    }

    // The connections tell what they did when they end.
    private static async Task<long> ScansAsync(PostgresFixture fixture)
    {
        await fixture.ReopenAsync();
        return await fixture.Store.OnConnectionAsync(c => c.QuerySingleAsync<long>("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'tasks'"));
    }
}
