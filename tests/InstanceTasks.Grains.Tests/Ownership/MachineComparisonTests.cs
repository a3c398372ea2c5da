using InstanceTasks.Engine;
using InstanceTasks.Grains.Tests.Workers;
using InstanceTasks.Hypervisors;
using InstanceTasks.Storage;
using InstanceTasks.TestKit;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Grains.Tests.Ownership;

/// <summary>What an operator is told who has restored a database.</summary>
public sealed class MachineComparisonTests : IAsyncLifetime, IDisposable
{
    private static readonly HostName Here = new("h1");
    private static readonly HostName There = new("h2");

    private readonly TempDirectory _data = new();
    private readonly ScriptedHypervisor _hypervisor = new() { Hosts = [new(Here, "nova", new(4, 4096, 40)), new(There, "nova", new(4, 4096, 40))] };
    private readonly List<MachineView> _machines = [];
    private SqliteStore _store = null!;

    public async Task InitializeAsync()
    {
        _store = new SqliteStore(Options.Create(new SqliteStorageOptions { DataDirectory = _data.Path }), TimeProvider.System, NullLoggerFactory.Instance);
        await _store.OpenAsync();
        _hypervisor.Machines[Here] = _machines;
    }

    public async Task DisposeAsync() => await _store.DisposeAsync();

    public void Dispose() => _data.Dispose();

    [Fact]
    public async Task Run_EverythingIsAsItShouldBe_SaysNothing()
    {
        _machines.Add(Running(await AddAsync()));

        Assert.Empty(await RunAsync());
    }

    [Fact]
    public async Task Run_EachDifference_IsTold()
    {
        var (missing, noDisk, undefined, off) = (await AddAsync(), await AddAsync(), await AddAsync(), await AddAsync());
        var stranger = InstanceId.New();
        _machines.AddRange([Running(noDisk) with { HasDisk = false }, Running(undefined) with { Defined = false }, Running(off) with { Power = PowerState.Shutdown }, Running(stranger)]);

        Assert.Equal(
            new[] { $"missing {missing}", $"incomplete {noDisk}", $"incomplete {undefined}", $"power {off}", $"unknown {stranger}" }.Order(),
            (await RunAsync()).Order());
    }

    [Fact]
    public async Task Run_AResizeThatOneSideKnowsOf_IsTold()
    {
        var (asideOnly, recordOnly, both) = (await AddAsync(), await AddAsync(i => i with { Resize = Pending }), await AddAsync(i => i with { Resize = Pending }));
        _machines.AddRange([Running(asideOnly) with { Aside = true }, Running(recordOnly), Running(both) with { Aside = true }]);

        Assert.Equal(new[] { $"resize {asideOnly}", $"resize {recordOnly}" }.Order(), (await RunAsync()).Order());
    }

    [Fact]
    public async Task Run_AMachineOnAnotherHostThanItsServer_IsUnknownThereAndMissingHere()
    {
        var moved = await AddAsync();
        _hypervisor.Machines[There] = [Running(moved)];

        Assert.Equal([$"missing {moved}", $"unknown {moved}"], await RunAsync());
    }

    [Fact]
    public async Task Run_HostsThatCannotBeAsked_AreToldOnceEachAndTheirServersAreNotMissing()
    {
        _hypervisor.Unreachable.Add(There);
        await AddAsync(i => i with { Host = There });
        await AddAsync(i => i with { Host = new HostName("h3") });
        await AddAsync(i => i with { Host = new HostName("h3") });

        Assert.Equal(["unreachable h2", "unreachable h3"], (await RunAsync()).Order());
    }

    [Fact]
    public async Task Run_AServerInErrorOrBuilding_IsLeftToWhoeverHasIt()
    {
        await AddAsync(i => i with { VmState = VmState.Error });
        await AddAsync(i => i with { VmState = VmState.Building });

        Assert.Empty(await RunAsync());
    }

    private static PendingResize Pending => new() { Other = Flavor, From = VmState.Active, Stage = ResizeStage.Finished };

    private static FlavorSnapshot Flavor => new() { Id = "1", Name = "m1.tiny", Vcpus = 1, RamMb = 512, DiskGb = 1 };

    private static MachineView Running(InstanceId machine) => new(machine, Defined: true, HasDisk: true, PowerState.Running);

    private async Task<List<string>> RunAsync() => [.. (await new MachineComparison(_hypervisor, _store).RunAsync()).Select(d => $"{d.Kind} {d.Subject}")];

    private async Task<InstanceId> AddAsync(Func<InstanceRecord, InstanceRecord>? change = null)
    {
        var instance = new InstanceRecord
        {
            Id = InstanceId.New(), Project = new("p"), User = new("u"), Name = "vm", VmState = VmState.Active, Power = PowerState.Running, ImageId = "i", Host = Here, Version = 1, ReservationId = "r-1",
            Flavor = Flavor,
        };
        instance = change?.Invoke(instance) ?? instance;
        Assert.True((await _store.CommitAsync(new() { Name = "accept", Kind = TaskKinds.Create, Instance = new(instance, 0), Tasks = [] })).Applied);
        return instance.Id;
    }
}
