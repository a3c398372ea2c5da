using InstanceTasks.Engine;
using InstanceTasks.Grains;
using InstanceTasks.Grains.Workers;
using InstanceTasks.Hypervisors;
using InstanceTasks.Storage;
using InstanceTasks.TestKit;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace InstanceTasks.Bench.Tasks;

/// <summary>A silo as the product wires it, without HTTP and with machines that do nothing.</summary>
internal sealed class BenchSilo : IAsyncDisposable
{
    private static readonly Caller Owner = new(new UserId("bench"), new ProjectId("bench"), IsAdmin: true);

    private readonly IHost _host;
    private readonly IGrainFactory _grains;
    private readonly IQueries _queries;

    private BenchSilo(IHost host)
    {
        _host = host;
        _grains = host.Services.GetRequiredService<IGrainFactory>();
        _queries = host.Services.GetRequiredService<IQueries>();
    }

    public static async Task<BenchSilo> StartAsync(BenchStore store)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders().AddSimpleConsole(o => o.SingleLine = true).SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddSingleton<TimeProvider, BootTimeProvider>();
        builder.Services.Configure<WorkerOptions>(o => o.PerHost = 256);
        builder.Services.AddSingleton<NoopHypervisor>();
        builder.Services.AddSingleton<IHypervisor>(s => s.GetRequiredService<NoopHypervisor>());
        builder.Services.AddSingleton<IHypervisorHosts>(s => s.GetRequiredService<NoopHypervisor>());
        store.AddTo(builder.Services);
        builder.Services.AddSingleton<IStepSecrets>(s => new StoredStepSecrets(s.GetRequiredService<IQueries>(), s.GetRequiredService<IInstanceTasksStore>().Secrets));
        builder.Services.AddInstanceTasksGrains();
        builder.UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(siloPort: FreePort.Next(), gatewayPort: 0, serviceId: "bench", clusterId: "bench");
            silo.UseInMemoryReminderService();
        });
        var host = builder.Build();
        await host.Services.GetRequiredService<IInstanceTasksStore>().OpenAsync();
        await host.StartAsync();
        return new(host);
    }

    /// <summary>Machines that are there and do nothing, one per caller.</summary>
    public async Task<InstanceId[]> AddInstancesAsync(int count)
    {
        var journal = _host.Services.GetRequiredService<IJournal>();
        var instances = Enumerable.Range(0, count).Select(NewInstance).ToArray();
        await Task.WhenAll(instances.Select(i => journal.CommitAsync(new Commit { Name = "bench", Kind = BenchKind.Kind, Instance = new InstanceWrite(i, 0) })));
        return [.. instances.Select(i => i.Id)];
    }

    /// <summary>One task from its request to its end, which the caller waits for.</summary>
    public async Task RunTaskAsync(InstanceId instance)
    {
        var request = new SubmitTask { Task = TaskId.New(), Kind = BenchKind.Kind, Instance = instance, Request = RequestId.New(), Caller = Owner };
        var answer = await _grains.GetGrain<IInstanceGrain>(instance.GrainKey).Submit(request);
        if (answer is not { Verdict: AcceptVerdict.Accepted, Record: { } task })
        {
            throw new InvalidOperationException($"Not accepted: {answer.Refusal?.Message ?? answer.Verdict.ToString()}");
        }

        if (await _queries.WaitForRestAsync(task.Id, TimeSpan.FromMinutes(1)) is not { Outcome: TaskOutcome.Succeeded })
        {
            throw new InvalidOperationException($"Task {task.Id} did not succeed within a minute: {(await _queries.GetTaskAsync(task.Id))?.State}.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }

    private static InstanceRecord NewInstance(int number) => new()
    {
        Id = InstanceId.New(), Project = Owner.Project, User = Owner.User, Name = $"bench-{number}", ImageId = "image-1",
        Flavor = new FlavorSnapshot { Id = "1", Name = "m1.tiny", Vcpus = 1, RamMb = 512, DiskGb = 1 },
        VmState = VmState.Active, Power = PowerState.Running, Host = NoopHypervisor.HostOf(number), AvailabilityZone = "nova",
        CreatedAt = DateTimeOffset.UnixEpoch, UpdatedAt = DateTimeOffset.UnixEpoch, LaunchedAt = DateTimeOffset.UnixEpoch, Version = 1,
    };
}
