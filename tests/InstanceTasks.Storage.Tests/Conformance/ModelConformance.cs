using InstanceTasks.Engine;

namespace InstanceTasks.Storage.Tests.Conformance;

/// <summary>Random commits from a seed, one after the other: every verdict and every row must be what the model says.</summary>
public abstract class ModelConformance : StoreTest
{
    private static readonly HostName[] Hosts = [new("h1"), new("h2"), new("unknown")];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task RandomCommits_AgreeWithTheModel(int seed)
    {
        var random = new Random(seed);
        var model = new JournalModel { Limit = 25 };
        await Store.SetLimitsAsync(Some.Project, 25, -1, -1);
        foreach (var host in Hosts[..2])
        {
            model.Capacity[host] = new(6, 6000, 60);
            await Store.Hosts.RegisterAsync(host, "z", model.Capacity[host]);
        }

        var instances = Enumerable.Range(0, 5).Select(i => Some.Instance($"vm-{i}")).ToArray();
        var tasks = Enumerable.Range(0, 12).Select(i => Some.Task(instances[i % 5].Id)).ToArray();
        var verdicts = new Dictionary<CommitVerdict, int>();
        for (var step = 0; step < 400; step++)
        {
            if (random.Next(60) == 0)
            {
                var task = tasks[random.Next(tasks.Length)];
                Assert.Equal(model.Refuse(task), await Journal.RefuseAsync(task.Id));
                continue;
            }

            var commit = RandomCommit(random, model, tasks, instances);
            var expected = model.Commit(commit);
            var actual = (await Journal.CommitAsync(commit)).Verdict;
            Assert.True(expected == actual, $"Seed {seed}, step {step}: {expected} expected, {actual} given.");
            verdicts[expected] = verdicts.GetValueOrDefault(expected) + 1;
        }

        Assert.All(Enum.GetValues<CommitVerdict>(), v => Assert.True(verdicts.GetValueOrDefault(v) > 0, $"Seed {seed} never led to {v}."));
        await AssertSameAsync(model, tasks, instances);
        await Store.ReopenAsync();
        await AssertSameAsync(model, tasks, instances);
    }

    // All of a round are under way at once, so that they share transactions. Limits are left out: commits that are not about the same rows may
    // change places, and then others are the ones that no longer fit.
    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public async Task RandomBatches_AgreeWithTheModel(int seed)
    {
        var random = new Random(seed);
        var model = new JournalModel();
        foreach (var host in Hosts[..2])
        {
            model.Capacity[host] = new(100_000, 100_000_000, 100_000);
            await Store.Hosts.RegisterAsync(host, "z", model.Capacity[host]);
        }

        var instances = Enumerable.Range(0, 5).Select(i => Some.Instance($"vm-{i}")).ToArray();
        var tasks = Enumerable.Range(0, 12).Select(i => Some.Task(instances[i % 5].Id)).ToArray();
        for (var round = 0; round < 25; round++)
        {
            var commits = Enumerable.Range(0, 20).Select(_ => RandomCommit(random, model, tasks, instances)).Select(c => c with { Wakes = [.. c.Wakes.Where(model.Tasks.ContainsKey)] }).ToArray();
            var running = commits.Select(c => Journal.CommitAsync(c)).ToArray();
            var expected = commits.Select(model.Commit).ToArray();
            Assert.Equal(expected, (await Task.WhenAll(running)).Select(r => r.Verdict));
        }

        await AssertSameAsync(model, tasks, instances);
    }

    private static Commit RandomCommit(Random random, JournalModel model, TaskRecord[] tasks, InstanceRecord[] instances)
    {
        var instance = instances[random.Next(instances.Length)];
        var task = tasks[random.Next(tasks.Length)];
        var commit = new Commit { Name = "random", Kind = new("stop") };
        if (random.Next(3) > 0)
        {
            commit = commit with { Tasks = [.. random.GetItems(tasks, random.Next(1, 3)).DistinctBy(t => t.Id).Select(t => RandomWrite(random, model, t))] };
        }

        if (random.Next(8) == 0)
        {
            var parent = tasks[random.Next(tasks.Length)].Id;
            var seq = (model.Tasks.GetValueOrDefault(parent).Record?.Seq ?? 0) + (random.Next(3) == 0 ? 1 : 0);
            commit = commit with { Guard = new(parent, seq), Tasks = [.. commit.Tasks, Some.Write(Some.Task(instance.Id) with { Parent = parent })] };
        }

        if (random.Next(3) == 0)
        {
            var version = (model.Instances.GetValueOrDefault(instance.Id)?.Version ?? 0) + (random.Next(5) == 0 ? 1 : 0);
            commit = commit with { Instance = new(instance with { Version = version + 1, Name = $"n{random.Next()}" }, version) };
        }

        if (random.Next(3) == 0)
        {
            var size = random.Next(1, 4);
            commit = commit with { Claims = [new(instance.Id, task.Id, random.Next(4) == 0 ? Hosts[random.Next(2)] : Hosts[random.Next(20) == 0 ? 2 : random.Next(2)], new(size, size * 500, size), random.Next(3) > 0)] };
        }

        return commit with
        {
            Quota = random.Next(4) == 0 ? [new(Some.Project, random.Next(-2, 5), 0, 0)] : [],
            Idempotency = random.Next(8) == 0 ? Some.Key($"k{random.Next(30)}") : null,
            Wakes = random.Next(4) == 0 ? [tasks[random.Next(tasks.Length)].Id] : [],
        };
    }

    private static TaskWrite RandomWrite(Random random, JournalModel model, TaskRecord task)
    {
        var row = model.Tasks.GetValueOrDefault(task.Id);
        var seq = Math.Max(1, (row.Record?.Seq ?? 0) + 1 + (random.Next(8) == 0 ? random.Next(-1, 2) : 0));
        var after = task with { Seq = seq, WaitReason = $"w{random.Next()}", Step = random.Next(5) };
        return Some.Write(after, TimeSpan.FromHours(1), random.Next(2) == 0 ? row.Wakes : Math.Max(0, row.Wakes - 1));
    }

    private async Task AssertSameAsync(JournalModel model, TaskRecord[] tasks, InstanceRecord[] instances)
    {
        foreach (var task in tasks)
        {
            var (stored, has) = (await Journal.ReadTaskAsync(task.Id), model.Tasks.TryGetValue(task.Id, out var row));
            Assert.Equal(has, stored is not null);
            if (stored is null)
            {
                continue;
            }

            Assert.Equal((row.Record.Seq, row.Refused), (stored.Record.Seq, stored.Record.Outcome == TaskOutcome.Refused));
            Assert.Equal(row.Record.Seq, (await Journal.ReadEventsAsync(task.Id)).Count);
            Assert.Equal(row.Wakes, stored.Wakes);
            if (!row.Refused)
            {
                Assert.Equal(EngineJson.Write(row.Record), EngineJson.Write(stored.Record));
                Assert.Equal(row.DueNow, stored.DueIn <= TimeSpan.Zero);
            }
        }

        foreach (var instance in instances)
        {
            var stored = await Journal.ReadInstanceAsync(instance.Id);
            Assert.Equal(model.Instances.GetValueOrDefault(instance.Id) is { } expected ? EngineJson.Write(expected) : null, stored is null ? null : EngineJson.Write(stored));
        }

        var sums = await Store.SumClaimsAsync();
        foreach (var host in await Queries.ListHostsAsync())
        {
            Assert.Equal(model.TakenOn(host.Host), host.Taken);
            Assert.Equal(host.Taken, sums.GetValueOrDefault(host.Host));
        }

        Assert.Equal(model.Used, (await Queries.GetUsageAsync(Some.Project)).Instances);
    }
}
