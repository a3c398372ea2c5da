using System.Globalization;
using InstanceTasks.Engine;
using InstanceTasks.Storage.Tests.Conformance;

namespace InstanceTasks.Storage.Tests.Lockstep;

/// <summary>Runs one story on several stores and compares every answer at once, and from time to time everything that can be read.</summary>
internal sealed class LockstepRun
{
    private const int ReadEvery = 20;

    private readonly int _seed;
    private readonly StoreFixture[] _stores;
    private readonly RandomStory _story;
    private readonly Dictionary<StoreFixture, DateTimeOffset> _begun = [];
    private StoreOperation? _last;

    public LockstepRun(int seed, params StoreFixture[] stores) => (_seed, _stores, _story) = (seed, stores, new(seed, stores[0]));

    /// <summary>How often each verdict, and a refused contradiction, was given.</summary>
    public Dictionary<string, int> Answers { get; } = new(StringComparer.Ordinal);

    /// <summary>Null when the stores never differed; else the first difference.</summary>
    public async Task<string?> FindDifferenceAsync(int operations)
    {
        await BeginAsync();
        for (var number = 1; number <= operations; number++)
        {
            foreach (var store in _stores)
            {
                await store.MoveClockAsync(number * RandomStory.Tick);
            }

            _last = await _story.NextAsync();
            var difference = await CompareAsync(number, async store => [await AnswerAsync(store, _last)]);
            difference ??= number % ReadEvery == 0 || number == operations ? await CompareAsync(number, ReadAllAsync) : null;
            if (difference is not null)
            {
                return difference;
            }
        }

        return null;
    }

    // Database times are told from the first commit: the stores do not agree on what time it is.
    private async Task BeginAsync()
    {
        var probe = Some.Task(_story.Instances[0]).Ended() with { Seq = 1 };
        foreach (var store in _stores)
        {
            Assert.True((await store.Journal.CommitAsync(Some.Commit(probe))).Applied);
            _begun[store] = (await store.Journal.ReadEventsAsync(probe.Id))[0].At;
        }
    }

    private async Task<string?> CompareAsync(int number, Func<StoreFixture, Task<IReadOnlyList<string>>> read)
    {
        var expected = await read(_stores[0]);
        Answers[expected[0].Split(' ')[0]] = Answers.GetValueOrDefault(expected[0].Split(' ')[0]) + 1;
        foreach (var store in _stores[1..])
        {
            var actual = await read(store);
            var at = Enumerable.Range(0, Math.Max(expected.Count, actual.Count)).FirstOrDefault(i => expected.ElementAtOrDefault(i) != actual.ElementAtOrDefault(i), -1);
            if (at >= 0)
            {
                return $"Seed {_seed}, operation {number}, {_last!.Name}:\n{_stores[0].GetType().Name}: {expected.ElementAtOrDefault(at)}\n{store.GetType().Name}: {actual.ElementAtOrDefault(at)}";
            }
        }

        return null;
    }

    private static async Task<string> AnswerAsync(StoreFixture store, StoreOperation operation)
    {
        try
        {
            return await operation.RunAsync(store);
        }
        catch (Exception e) when (e is ArgumentException or CommitFailedException)
        {
            return e.GetType().Name;
        }
    }

    private async Task<IReadOnlyList<string>> ReadAllAsync(StoreFixture store)
    {
        var lines = new List<string> { "read" };
        foreach (var id in _story.Tasks)
        {
            await AddTaskAsync(store, id, lines);
        }

        foreach (var id in _story.Instances)
        {
            lines.Add($"instance {id}: {(await store.Journal.ReadInstanceAsync(id) is { } record ? EngineJson.Write(record) : "none")}");
        }

        for (var shard = 0; shard < Shards.Count; shard++)
        {
            await AddDueAsync(store, shard, lines);
        }

        await AddSidesAsync(store, lines);
        await AddStreamAsync(store, lines);
        return lines;
    }

    private async Task AddTaskAsync(StoreFixture store, TaskId id, List<string> lines)
    {
        var stored = await store.Journal.ReadTaskAsync(id);
        lines.Add($"task {id}: {(stored is null ? "none" : $"{Text(stored.Record)} wakes {stored.Wakes} children {stored.Children} due {Ticks(stored.DueIn)}")}");
        foreach (var row in await store.Journal.ReadEventsAsync(id))
        {
            lines.Add($"events {id} {row.Seq} at {Ticks(row.At - _begun[store])}: {EngineJson.Write<IReadOnlyList<TaskEvent>>([.. row.Events.Select(WithoutDatabaseTime)])}");
        }
    }

    // Those that became due by one commit are due at the same time: among them there is no order.
    private static async Task AddDueAsync(StoreFixture store, int shard, List<string> lines)
    {
        var due = new List<(bool Lost, double In, string Text)>();
        foreach (var task in await store.Journal.ReadDueAsync(shard, 1000))
        {
            var dueIn = (await store.Journal.ReadTaskAsync(task.Task))!.DueIn;
            due.Add((task.OwnerLost, dueIn is { } value ? InHalfTicks(value) : double.PositiveInfinity, $"due in {shard}: lost {task.OwnerLost} {Ticks(dueIn)} {task.Task}"));
        }

        lines.Add($"order in {shard}: {due.SequenceEqual(due.OrderByDescending(d => d.Lost).ThenBy(d => d.In))}");
        lines.AddRange(due.Select(d => d.Text).Order(StringComparer.Ordinal));
        foreach (var task in await store.Journal.ReadDueAsync(shard, 2))
        {
            lines.Add($"first in {shard}: {task.OwnerLost} {Ticks((await store.Journal.ReadTaskAsync(task.Task))!.DueIn)}");
        }

        lines.Add($"next in {shard}: {Ticks(await store.Journal.ReadNextDueAsync(shard))}");
    }

    private async Task AddSidesAsync(StoreFixture store, List<string> lines)
    {
        foreach (var project in _story.UsedProjects)
        {
            lines.Add($"usage of {project}: {await store.GetUsageAsync(project)}");
            foreach (var key in _story.Keys)
            {
                lines.Add($"key {project} {key}: {(await store.Journal.ReadIdempotencyAsync(project, Some.User, key) is { } stored ? EngineJson.Write(stored) : "none")}");
            }
        }

        var sums = await store.SumClaimsAsync();
        lines.AddRange((await store.ListHostsAsync()).OrderBy(h => h.Host.Value, StringComparer.Ordinal).Select(h => $"host {h}, claims {sums.GetValueOrDefault(h.Host)}"));
        lines.AddRange((await store.ListImagesAsync()).Select(i => $"image {EngineJson.Write(i)}"));
        lines.AddRange((await store.Leases.ReadLiveAsync()).OrderBy(l => l.Generation).Select(l => $"live {l.Generation} {l.Silo} {Ticks(l.Remaining)} called {l.Calls} for {(l.Hosts is null ? "any" : string.Join(' ', l.Hosts.Select(h => h.Value).Order(StringComparer.Ordinal)))}"));
    }

    private static async Task AddStreamAsync(StoreFixture store, List<string> lines)
    {
        var stream = await store.ReadStreamAsync();
        lines.Add($"stream: {stream.Count}, strictly increasing {stream.Zip(stream.Skip(1)).All(p => p.First.StreamId < p.Second.StreamId)}");
        lines.AddRange(stream.Skip(1).Select(s => $"stream {s.Task} {s.Seq}"));
    }

    private static string Text(TaskRecord record) => EngineJson.Write(record.Outcome == TaskOutcome.Refused
        ? record with { CreatedAt = default, UpdatedAt = default, FinishedAt = record.FinishedAt is null ? null : default(DateTimeOffset) }
        : record);

    private static TaskEvent WithoutDatabaseTime(TaskEvent happened) => happened is TaskEnded { Outcome: TaskOutcome.Refused } ? happened with { At = default } : happened;

    private static string Ticks(TimeSpan? span) => span is { } value ? InHalfTicks(value).ToString(CultureInfo.InvariantCulture) : "never";

    // All that a store's own speed can change is less than a half of one.
    private static double InHalfTicks(TimeSpan span) => Math.Round(span / RandomStory.Tick * 2) + 0.0;
}
