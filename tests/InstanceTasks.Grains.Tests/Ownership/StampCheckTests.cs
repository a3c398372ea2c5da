using InstanceTasks.Engine;
using InstanceTasks.Grains.Tests.Workers;
using InstanceTasks.Storage;
using InstanceTasks.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Grains.Tests.Ownership;

/// <summary>A silo does not start on a database that is older than what its hosts have seen.</summary>
public sealed class StampCheckTests : IAsyncLifetime, IDisposable
{
    private readonly TempDirectory _data = new();
    private readonly ScriptedHypervisor _hypervisor = new() { Hosts = [new(new("h1"), "nova", new(4, 4096, 40))] };
    private readonly InstanceId _idle = InstanceId.New();
    private readonly InstanceId _held = InstanceId.New();
    private SqliteStore _store = null!;

    public async Task InitializeAsync()
    {
        _store = new SqliteStore(Options.Create(new SqliteStorageOptions { DataDirectory = _data.Path }), TimeProvider.System, NullLoggerFactory.Instance);
        await _store.OpenAsync();
        var task = TaskId.New();
        await CommitAsync(Instance(_idle, 4, null), null);
        await CommitAsync(Instance(_held, 9, new(task, TaskKinds.Stop, RequestId.New())), new TaskRecord
        {
            Id = task, Kind = TaskKinds.Stop, Instance = _held, Project = new("p"), User = new("u"), Request = RequestId.New(), Run = TaskRun.Running, Seq = 1, Epoch = 2, Turn = 9,
        });
    }

    public async Task DisposeAsync() => await _store.DisposeAsync();

    public void Dispose() => _data.Dispose();

    [Theory]
    [InlineData(1, 4, 99, 99)]
    [InlineData(1, 3, 1, 1)]
    public async Task Run_TheHostHasSeenNoMoreThanTheDatabaseGave_Passes(int epoch, long turn, int taskEpoch, int attempt)
    {
        _hypervisor.Stamps[_idle] = new(epoch, turn, taskEpoch, attempt);
        _hypervisor.Stamps[_held] = new(1, 9, 2, 5);

        await Check().RunAsync();
    }

    [Theory]
    [InlineData(1, 5, 1, 1)]
    [InlineData(2, 1, 1, 1)]
    public async Task Run_TheHostHasSeenALaterTurnOrEpoch_IsRefusedAndSaysWhatToDo(int epoch, long turn, int taskEpoch, int attempt)
    {
        _hypervisor.Stamps[_idle] = new(epoch, turn, taskEpoch, attempt);

        var error = await Assert.ThrowsAsync<OutdatedDatabaseException>(() => Check().RunAsync());

        Assert.Contains($"{_idle} on h1", error.Message, StringComparison.Ordinal);
        Assert.Contains("after-restore", error.Message, StringComparison.Ordinal);
    }

    /// <summary>The same backup was restored before: what was done since then has the epoch that the next one would have.</summary>
    [Fact]
    public async Task BeginAfterRestore_OfABackupThatWasRestoredBefore_IsAboveWhatHostsHaveSeen()
    {
        _hypervisor.Stamps[_idle] = new(2, 1, 1, 1);
        Assert.Equal(2, await Check().ReadNewestEpochAsync());

        var epoch = await _store.BeginAfterRestoreAsync(null, above: await Check().ReadNewestEpochAsync());

        Assert.Equal(3, epoch);
        Assert.Empty(await _store.ListHoldsAsync());
    }

    /// <summary>The task was claimed once more after the backup: its next claim here would take the same epoch again.</summary>
    [Fact]
    public async Task Run_TheHostHasSeenALaterClaimOfTheRunningTask_IsRefused()
    {
        _hypervisor.Stamps[_held] = new(1, 9, 3, 1);

        await Assert.ThrowsAsync<OutdatedDatabaseException>(() => Check().RunAsync());
    }

    [Fact]
    public async Task Run_TheHostKnowsAMachineThatTheDatabaseDoesNot_IsRefused()
    {
        _hypervisor.Stamps[InstanceId.New()] = new(1, 1, 1, 1);

        await Assert.ThrowsAsync<OutdatedDatabaseException>(() => Check().RunAsync());
    }

    [Fact]
    public async Task Run_AfterTheEpochWasRaised_Passes()
    {
        _hypervisor.Stamps[_held] = new(1, 12, 3, 1);
        _hypervisor.Stamps[InstanceId.New()] = new(1, 1, 1, 1);
        await _store.BeginAfterRestoreAsync(new() { Id = Guid.NewGuid(), Reason = "r", By = new("u") });
        await _store.DisposeAsync();
        _store = new SqliteStore(Options.Create(new SqliteStorageOptions { DataDirectory = _data.Path }), TimeProvider.System, NullLoggerFactory.Instance);
        await _store.OpenAsync();

        await Check().RunAsync();
    }

    private StampCheck Check() => new(_hypervisor, _store, NullLogger<StampCheck>.Instance);

    private async Task CommitAsync(InstanceRecord instance, TaskRecord? task) => Assert.True((await _store.CommitAsync(new()
    {
        Name = "accept", Kind = TaskKinds.Stop, Instance = new(instance, 0),
        Tasks = task is null ? [] : [new TaskWrite(task, [new TaskAccepted { At = task.CreatedAt, Initial = task }], TimeSpan.FromMinutes(1), 0)],
    })).Applied);

    private static InstanceRecord Instance(InstanceId id, long turn, TaskRef? holder) => new()
    {
        Id = id, Project = new("p"), User = new("u"), Name = "vm", VmState = VmState.Active, ImageId = "i", Turn = turn, Holder = holder, Version = 1, ReservationId = "r-1",
        Flavor = new() { Id = "1", Name = "m1.tiny", Vcpus = 1, RamMb = 512, DiskGb = 1 },
    };
}
