using System.Globalization;
using Dapper;
using InstanceTasks.Engine;
using InstanceTasks.Storage.Tests.Conformance;
using Xunit.Abstractions;

namespace InstanceTasks.Storage.Tests.Postgres;

/// <summary>The plans of all queries and of the commit function with 100 000 instances and 1 000 000 tasks.</summary>
[Trait("Category", "Full")]
[Trait("Requires", "postgresql")]
public sealed class PostgresScaleTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Instances = 100_000;
    private const int TasksEach = 10;
    private const long MinuteInMicros = 60_000_000;
    private const int Projects = 50;

    private PostgresFixture _fixture = null!;

    private PostgresStore Store => _fixture.Store;

    public async Task InitializeAsync()
    {
        _fixture = await PostgresFixture.CreateAsync();
        await Store.OnConnectionAsync(async c =>
        {
            await c.ExecuteAsync("SET statement_timeout = 0");
            var now = await c.QuerySingleAsync<long>("SELECT now FROM database_clock");
            await using (var import = await c.BeginTextImportAsync(
                "COPY instances (id, project_id, user_id, name, vm_state, deleted, host, version, holder, flavor_id, image_id, key_name, locked, reservation_id, zone, created_at, updated_at, body) FROM STDIN"))
            {
                for (var i = 0; i < Instances; i++)
                {
                    await import.WriteLineAsync(InstanceLine(i));
                }
            }

            await using (var import = await c.BeginTextImportAsync(
                "COPY tasks (id, instance_id, project_id, user_id, kind, state, step, request_id, host, generation, epoch, seq, shard, ended, is_fault, due_at, created_at, updated_at, ended_at, body) FROM STDIN"))
            {
                for (var i = 0; i < Instances * TasksEach; i++)
                {
                    await import.WriteLineAsync(TaskLine(i, now));
                }
            }

            await using (var import = await c.BeginTextImportAsync("COPY task_events (task_id, seq, stream_id, types, version, at, events) FROM STDIN"))
            {
                for (var i = 0; i < Instances * TasksEach; i++)
                {
                    await import.WriteLineAsync($"{Id(i)}\t1\t{(1L << 40) + i + 1}\taccepted\t1\t1\t[]");
                }
            }

            await c.ExecuteAsync($"UPDATE stream_counter SET last_id = {(1L << 40) + (Instances * TasksEach)}");
            // As autovacuum leaves it: an index alone tells only what a vacuum has seen.
            return await c.ExecuteAsync("VACUUM ANALYZE");
        });
        await _fixture.ReopenAsync();
    }

    public async Task DisposeAsync() => await _fixture.DisposeAsync();

    [Fact]
    public async Task Queries_AtScale_UseTheirIndexes()
    {
        var project = new ProjectId("p7");
        var instance = new InstanceId(Guid.Parse(Id(507)));
        ServerFilter[] servers =
        [
            new() { Project = project, Limit = 20 }, new() { Limit = 20 }, new() { Project = project, Marker = instance, Limit = 20 }, new() { Project = project, Statuses = ["ACTIVE"], Limit = 20 },
            new() { Project = project, NamePattern = "^vm-5", Limit = 20 }, new() { Host = new HostName("h7"), Limit = 20 }, new() { Id = instance },
            new() { Project = project, ChangesSince = UnixMicros.ToTime((Instances - 10) * MinuteInMicros), Deleted = null }, new() { Project = project, Tags = ["t7"], Limit = 20 },
            new() { Project = project, Sort = [("display_name", false)], Limit = 20 }, new() { Project = project, TaskStates = ["rebooting"], Limit = 20 },
        ];
        TaskFilter[] tasks =
        [
            new() { Project = project, Limit = 20 }, new() { Limit = 20 }, new() { Project = project, Marker = new TaskId(Guid.Parse(Id(75))), Limit = 20 }, new() { Instance = instance },
            new() { Request = new RequestId("req-99") }, new() { Project = project, States = ["failed"], Limit = 20 }, new() { Project = project, Kinds = [new("stop")], Limit = 20 },
        ];
        var before = await ScansAsync();
        foreach (var filter in servers)
        {
            await TimedAsync($"servers {filter}", () => Store.ListServersAsync(filter));
        }

        foreach (var filter in tasks)
        {
            await TimedAsync($"tasks {filter}", () => Store.ListTasksAsync(filter));
        }

        await TimedAsync("server", () => Store.GetServerAsync(instance));
        await TimedAsync("events", () => Store.ReadEventsAsync(new(Guid.Parse(Id(4711)))));
        await TimedAsync("due", () => Store.ReadDueAsync(1, 500));
        await TimedAsync("next due", () => Store.ReadNextDueAsync(1));
        await TimedAsync("counts", () => Store.CountAsync(TimeSpan.FromHours(1)));
        await Store.WaitForRestAsync(new(Guid.Parse(Id(4711))), TimeSpan.FromMilliseconds(1));

        await AssertNoScanAsync(before);
    }

    [Fact]
    public async Task Commits_AtScale_UseTheirIndexes()
    {
        await Store.RegisterAsync(new("h1"), "z", new(1_000_000, 1_000_000_000, 1_000_000));
        var before = await ScansAsync();
        for (var round = 0; round < 8; round++)
        {
            var started = Enumerable.Range(0, 64).Select(_ => (Task: Some.Task(), Instance: Some.Instance())).ToArray();
            await TimedAsync("64 accepts", () => Task.WhenAll(started.Select(s => Store.CommitAsync(Some.Commit(s.Task) with
            {
                Instance = new(s.Instance, 0), Quota = [new(Some.Project, 1, 1, 1)], Idempotency = Some.Key($"{s.Task.Id}"),
                Claims = [new(s.Instance.Id, s.Task.Id, new HostName("h1"), Some.Small, true)], Secrets = [new(s.Task.Id.Value, "x", [1], true)],
            }))));
            await TimedAsync("64 steps", () => Task.WhenAll(started.Select(s => Store.CommitAsync(Some.Commit(s.Task.Next()) with { Wakes = [new(Guid.Parse(Id(round)))] }))));
            await TimedAsync("64 deletes", () => Task.WhenAll(started.Select(s => Store.CommitAsync(Some.Commit(s.Task.Next().Ended()) with
            {
                Instance = new(s.Instance with { Version = 2, VmState = VmState.Deleted, TerminatedAt = Some.Start }, 1),
                Claims = [new(s.Instance.Id, default, null, default, false)],
            }))));
        }

        await AssertNoScanAsync(before);
    }

    private static string Id(int number) => new Guid(number, 0, 0, 1, 2, 3, 4, 5, 6, 7, (byte)(number % 4)).ToString();

    private static string InstanceLine(int i)
    {
        var record = Some.Instance($"vm-{i}", new($"p{i % Projects}"), new InstanceId(Guid.Parse(Id(i)))) with { Tags = [$"t{i % 100}"], CreatedAt = UnixMicros.ToTime(i), UpdatedAt = UnixMicros.ToTime(i * MinuteInMicros) };
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Id(i)}\tp{i % Projects}\tu1\tvm-{i}\tactive\t0\th{i % 1000}\t1\t\\N\t1\timage-1\t\\N\t0\tr-1\tnova\t{i}\t{i * MinuteInMicros}\t{EngineJson.Write(record).Replace("\\", "\\\\", StringComparison.Ordinal)}");
    }

    // One in a thousand has not ended; of the others 10 000 ended within the last hour, 200 of them failing.
    private static string TaskLine(int i, long now)
    {
        var (instance, ended) = (i / TasksEach, i % 1000 != 0);
        var endedAt = ended ? $"{now - ((Instances * TasksEach) - i) * 360_000L}" : "\\N";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Id(i)}\t{Id(instance)}\tp{instance % Projects}\tu1\tstop\t{(ended ? i % 50 == 1 ? "failed" : "succeeded" : "running")}\t1\treq-{i}\th{instance % 1000}\t{(ended ? 1 : (i % 3) + 1)}\t1\t1\t{instance % 4}\t{(ended ? 1 : 0)}\t{(ended && i % 50 == 1 ? 1 : 0)}\t{(ended ? "\\N" : "5")}\t{i}\t{i}\t{endedAt}\t{{\"failure\":{{\"kind\":\"guest\"}}}}");
    }

    private async Task TimedAsync<T>(string what, Func<Task<T>> run)
    {
        await run();
        var begun = System.Diagnostics.Stopwatch.GetTimestamp();
        if (!what.StartsWith("64", StringComparison.Ordinal))
        {
            await run();
        }

        output.WriteLine($"{System.Diagnostics.Stopwatch.GetElapsedTime(begun).TotalMilliseconds,8:F2} ms  {what}");
    }

    // The connections tell what they did when they end.
    private async Task<Dictionary<string, long>> ScansAsync()
    {
        await _fixture.ReopenAsync();
        return (await Store.OnConnectionAsync(c => c.QueryAsync<(string, long)>("SELECT relname::text, seq_scan FROM pg_stat_user_tables WHERE relname IN ('tasks', 'instances', 'task_events')")))
            .ToDictionary(row => row.Item1, row => row.Item2, StringComparer.Ordinal);
    }

    private async Task AssertNoScanAsync(Dictionary<string, long> before)
    {
        Assert.Equal(3, before.Count);
        Assert.Equal(before, await ScansAsync());
    }
}
