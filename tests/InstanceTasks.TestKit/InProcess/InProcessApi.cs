using System.Text;
using InstanceTasks.Api;
using InstanceTasks.Engine;
using InstanceTasks.Grains;
using InstanceTasks.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace InstanceTasks.TestKit.InProcess;

/// <summary>The real HTTP API on a port of its own, in front of a silo of <see cref="InProcessSilos"/> and on the same journal, faults included.</summary>
public sealed class InProcessApi : IAsyncDisposable
{
    private readonly WebApplication _app;

    private InProcessApi(WebApplication app)
    {
        _app = app;
        Client = new ApiClient(new Uri(app.Urls.First()));
    }

    /// <summary>A client.</summary>
    public ApiClient Client { get; }

    /// <summary>Starts.</summary>
    public static async Task<InProcessApi> StartAsync(InProcessSilos silos, InProcessSilo via, TimeSpan? unknownFor = null, Action<ApiOptions>? configure = null, ILoggerProvider? logs = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        if (logs is not null)
        {
            builder.Logging.AddProvider(logs);
        }

        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton<IJournal>(silos.Journal).AddSingleton<IQueries>(silos.Store).AddSingleton<ICatalog>(silos.Store).AddSingleton<IHoldStore>(silos.Store)
            .AddSingleton<IDocumentStore>(silos.Store).AddSingleton<IQuotaLimits>(silos.Store).AddSingleton<IHostControl>(silos.Store).AddSingleton<IEventStream>(silos.Store).AddSingleton<IRetention>(silos.Store);
        builder.Services.AddSingleton<IComputeCommands>(new SiloCommands(via)).AddSingleton<ISecretProtector>(new StoreProtector(silos.Store));
        builder.Services.AddSingleton<IConsoles>(new GrainConsoles(via.Grains, TimeProvider.System, NullLogger<GrainConsoles>.Instance));
        builder.Services.AddComputeApi(o =>
        {
            o.AskAgainFor = TimeSpan.Zero;
            o.UnknownOutcomeTimeout = unknownFor ?? TimeSpan.FromSeconds(20);
            o.UnknownOutcomePause = TimeSpan.FromMilliseconds(50);
            configure?.Invoke(o);
        });
        var app = builder.Build();
        app.MapComputeApi();
        await app.StartAsync();
        return new InProcessApi(app);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.DisposeAsync();
    }

    private sealed class SiloCommands(InProcessSilo via) : IComputeCommands
    {
        // A parent is on no instance: its project's grain accepts it.
        public Task<AcceptAnswer> SubmitAsync(SubmitTask request, CancellationToken cancellationToken = default) =>
            (request.Children is null ? via.Grains.GetGrain<IInstanceGrain>(request.Instance.GrainKey).Submit(request) : via.Grains.GetGrain<IProjectGrain>(request.Caller.Project.GrainKey).Submit(request))
            .WaitAsync(cancellationToken);

        public Task<CommandAnswer> CommandAsync(TaskId task, TaskCommand command, CancellationToken cancellationToken = default) =>
            via.Grains.GetGrain<ITaskGrain>(task.GrainKey).Command(command).WaitAsync(cancellationToken);
    }

    private sealed class StoreProtector(IInstanceTasksStore store) : ISecretProtector
    {
        public byte[] Protect(Guid owner, string name, string text) => store.Secrets.Seal(owner, name, Encoding.UTF8.GetBytes(text));

        public string? Unprotect(Guid owner, string name, byte[] ciphertext) => Encoding.UTF8.GetString(store.Secrets.Open(owner, name, ciphertext));

        public byte[] Hash(ReadOnlySpan<byte> data) => store.Secrets.Hash(data);
    }
}
