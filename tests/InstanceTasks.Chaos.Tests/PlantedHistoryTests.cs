using InstanceTasks.Chaos.Checking;

namespace InstanceTasks.Chaos.Tests;

/// <summary>Each rule finds what was planted for it, and nothing in a history in which all is well.</summary>
public sealed class PlantedHistoryTests
{
    private static readonly Guid Server = Guid.Parse("5e000000-0000-0000-0000-000000000001");
    private static readonly Guid Create = Guid.Parse("7a000000-0000-0000-0000-000000000001");
    private static readonly Guid Stop = Guid.Parse("7a000000-0000-0000-0000-000000000002");

    private static readonly History Good = new()
    {
        Calls =
        [
            Made(1) with { Status = null, Answered = null, Server = null, Task = null },
            Made(2),
            Read(3, Create, 1, "running"),
            Read(4, Create, 3, "succeeded"),
            new() { Id = 5, Client = 1, What = "stop", Silo = "one", Sent = TimeSpan.FromSeconds(5), Answered = TimeSpan.FromSeconds(6), Status = 202, Server = Server, Task = Stop },
            Read(6, Stop, 2, "succeeded"),
            Look(7, 200),
        ],
        Tasks = [new(Create, "create", Server, "succeeded", 3), new(Stop, "stop", Server, "succeeded", 2)],
        Servers = [new(Server, "a-1", VmState.Stopped, null)],
        Stream = [new(Create, 1, "accepted"), new(Create, 2, "step_done"), new(Create, 3, "step_done", "ended"), new(Stop, 1, "accepted"), new(Stop, 2, "ended")],
        Deliveries = [new(1, 1, Create, 1), new(1, 1, Create, 2), new(1, 2, Create, 3), new(1, 2, Stop, 1), new(1, 2, Stop, 2), new(2, 1, Stop, 1), new(2, 1, Stop, 2)],
        Effects = [new($"{Create}/define/do", "0.1.1.1", 1), new($"{Stop}/power-off/do", "0.2.1.1", 1)],
    };

    public static IEnumerable<object[]> Planted => Bad.Select(b => new object[] { b.Rule, b.What });

    private static IReadOnlyList<(string Rule, string What, Func<History, History> Plant)> Bad { get; } =
    [
        ("end", "accepted and not in the store", h => h with { Tasks = [h.Tasks[0]], Stream = [.. h.Stream.Take(3)], Deliveries = [.. h.Deliveries.Take(3)], Servers = [h.Servers[0] with { VmState = VmState.Active }] }),
        ("end", "never ends", h => h with { Tasks = [h.Tasks[0], h.Tasks[1] with { State = "running" }], Stream = [.. h.Stream.SkipLast(1), new(Stop, 2, "step_done")], Servers = [h.Servers[0] with { VmState = VmState.Active }] }),
        ("end", "waits for an operator", h => h with { Tasks = [h.Tasks[0], h.Tasks[1] with { State = "needs_attention" }], Servers = [h.Servers[0] with { VmState = VmState.Active }] }),
        ("twice", "an effect happened twice", h => h with { Effects = [h.Effects[0] with { Count = 2 }] }),
        ("state", "stopped and yet active", h => h with { Servers = [h.Servers[0] with { VmState = VmState.Active }] }),
        ("state", "a failed stop leaves an error", h => h with { Tasks = [h.Tasks[0], h.Tasks[1] with { State = "failed" }], Servers = [h.Servers[0] with { VmState = VmState.Error }] }),
        ("state", "still held", h => h with { Servers = [h.Servers[0] with { Holder = Stop }] }),
        ("state", "deleted by nobody", h => h with { Servers = [h.Servers[0] with { VmState = VmState.Deleted }] }),
        ("sequence", "a commit is missing", h => h with { Stream = [.. h.Stream.Where(e => e is not { Task: var t, Seq: 2 } || t != Create)], Deliveries = [.. h.Deliveries.Skip(5)] }),
        ("sequence", "two commits are the wrong way round", h => h with { Stream = [h.Stream[1], h.Stream[0], .. h.Stream.Skip(2)], Deliveries = [.. h.Deliveries.Skip(5)] }),
        ("progress", "nothing for more than a minute", h => h with { Stream = [.. h.Stream.Take(4), h.Stream[4] with { At = h.Stream[3].At.AddSeconds(61) }] }),
        ("stream", "a gap", h => h with { Deliveries = [.. h.Deliveries.Where((_, n) => n != 2)] }),
        ("stream", "a commit came twice", h => h with { Deliveries = [.. h.Deliveries.Take(3), h.Deliveries[2], .. h.Deliveries.Skip(3)] }),
        ("stream", "out of order", h => h with { Deliveries = [h.Deliveries[1], h.Deliveries[0], .. h.Deliveries.Skip(2)] }),
        ("stream", "the last is missing", h => h with { Deliveries = [.. h.Deliveries.SkipLast(1)] }),
        ("stream", "a commit that is none", h => h with { Deliveries = [.. h.Deliveries, new(2, 2, Stop, 3)] }),
        ("reads", "a task goes back", h => h with { Calls = [.. h.Calls, Read(8, Stop, 1, "succeeded")] }),
        ("reads", "an end is taken back", h => h with { Calls = [.. h.Calls, Read(8, Stop, 2, "running")] }),
        ("reads", "an accepted task is not there", h => h with { Calls = [.. h.Calls.Take(5), Read(6, Stop, null, null) with { Status = 404 }] }),
        ("reads", "a deleted server comes back", h => h with { Calls = [.. h.Calls, Look(8, 404), Look(9, 200)] }),
        ("idempotency", "two servers of one key", h => h with { Servers = [.. h.Servers, new(Guid.NewGuid(), "a-1", VmState.Building, null)] }),
        ("idempotency", "two answers to one key", h => h with { Calls = [.. h.Calls, Made(8) with { Task = Stop }] }),
        ("idempotency", "the answer's server is another", h => h with { Calls = [Made(1) with { Server = Guid.NewGuid() }, .. h.Calls.Skip(2)] }),
        ("answers", "an unexpected error", h => h with { Calls = [.. h.Calls, Look(8, 500)] }),
        ("truth", "a claim without a machine", h => h with { Differences = ["claim (h1, x) without a machine"] }),
    ];

    [Fact]
    public void Check_AllIsWell_FindsNothing() => Assert.Equal([], HistoryChecker.Check(Good));

    [Theory, MemberData(nameof(Planted))]
    public void Check_PlantedViolation_IsFoundByItsRuleAlone(string rule, string what)
    {
        var plant = Bad.Single(b => b.Rule == rule && b.What == what).Plant;

        var found = HistoryChecker.Check(plant(Good));

        Assert.Equal([rule], found.Select(v => v.Rule).Distinct());
    }

    [Fact]
    public void Rules_Each_HasAPlantedViolation() => Assert.Equal(HistoryChecker.Rules.Keys.Order(), Bad.Select(b => b.Rule).Distinct().Order());

    /// <summary>How far a stopped task and its stopped successor had come decides where the server is; a successor that succeeds makes it certain again.</summary>
    [Theory]
    [InlineData("canceled", VmState.Error, true)]
    [InlineData("succeeded", VmState.Error, false)]
    [InlineData("succeeded", VmState.Active, true)]
    public void Check_TaskWasTakenOver_JudgesItsSuccessor(string successor, VmState state, bool well)
    {
        var reboot = Guid.NewGuid();
        var history = new History
        {
            Tasks = [new(Create, "create", Server, "succeeded", 1), new(Stop, "stop", Server, "canceled", 1, reboot), new(reboot, "hard-reboot", Server, successor, 1)],
            Servers = [new(Server, "a-1", state, null)],
            Stream = [new(Create, 1, "ended"), new(Stop, 1, "ended"), new(reboot, 1, "ended")],
        };

        Assert.Equal(well, HistoryChecker.Check(history).Count == 0);
    }

    [Fact]
    public void Check_CommitsOfOneTaskAreApartButEachIsInTime_FindsNothing()
    {
        var history = Good with { Stream = [.. Good.Stream.Select((e, n) => e with { At = DateTimeOffset.UnixEpoch.AddSeconds(n * 59) })] };

        Assert.Equal([], HistoryChecker.Check(history));
        Assert.Equal(59, ProgressRule.Longest(history).Max(s => s.Time.TotalSeconds));
    }

    [Fact]
    public void Check_ResizeOfAStoppedServerIsReverted_ItIsStoppedAgain()
    {
        var (resize, revert) = (Guid.NewGuid(), Guid.NewGuid());
        var history = new History
        {
            Tasks =
            [
                new(Create, "create", Server, "succeeded", 1), new(Stop, "stop", Server, "succeeded", 1), new(resize, "resize", Server, "succeeded", 1),
                new(revert, "revert-resize", Server, "succeeded", 1),
            ],
            Servers = [new(Server, "a-1", VmState.Stopped, null)],
            Stream = [new(Create, 1, "ended"), new(Stop, 1, "ended"), new(resize, 1, "ended"), new(revert, 1, "ended")],
        };

        Assert.Equal([], HistoryChecker.Check(history));
        Assert.NotEmpty(HistoryChecker.Check(history with { Servers = [history.Servers[0] with { VmState = VmState.Active }] }));
    }

    private static Call Made(long id) => new()
    {
        Id = id, Client = 1, What = "create", Silo = "one", Sent = TimeSpan.FromSeconds(id), Answered = TimeSpan.FromSeconds(id + 0.5), Status = 202, Key = "k", Name = "a-1", Server = Server, Task = Create,
    };

    private static Call Read(long id, Guid task, long? seq, string? state) => new()
    {
        Id = id, Client = 1, What = Call.ReadTask, Silo = "two", Sent = TimeSpan.FromSeconds(id), Answered = TimeSpan.FromSeconds(id + 0.5), Status = 200, Task = task, Seq = seq, State = state,
    };

    private static Call Look(long id, int status) => new()
    {
        Id = id, Client = 1, What = Call.ReadServer, Silo = "two", Sent = TimeSpan.FromSeconds(id), Answered = TimeSpan.FromSeconds(id + 0.5), Status = status, Server = Server,
    };
}
