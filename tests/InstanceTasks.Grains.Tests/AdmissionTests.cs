using System.Net;
using System.Text.Json.Nodes;
using InstanceTasks.Engine;
using InstanceTasks.Hypervisors;
using InstanceTasks.TestKit;
using InstanceTasks.TestKit.InProcess;
using Microsoft.Extensions.DependencyInjection;

namespace InstanceTasks.Grains.Tests;

/// <summary>Admission on the real grains and the real store.</summary>
public sealed class AdmissionTests
{
    [Fact, Trait("Silos", "1")]
    public async Task SlowHost_FillsItsOwnQueueOnly()
    {
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions
        {
            // Each silo brings a place at the host.
            Silos = 1, Workers = o => o.PerHost = 1, Admission = o => o.QueuedPerHost = 2, Hosts = [new() { Name = "slow" }, new() { Name = "quick" }],
        });
        var silo = silos.Silos[0];
        var machines = new Dictionary<string, List<InstanceId>> { ["slow"] = [], ["quick"] = [] };
        while (machines["slow"].Count < 5 || machines["quick"].Count < 1)
        {
            var server = await silos.CreateServerAsync(silo);
            machines[(await silos.Store.ReadInstanceAsync(server))!.Host!.Value.Value].Add(server);
        }

        var hung = silo.World.Hold(HoldAt.BeforeWorld, (verb, call) => verb == Verb.Reset && machines["slow"].Contains(call.Machine.Instance));
        var tasks = new List<TaskId> { await InProcessSilos.SubmitAsync(silo, TaskKinds.HardReboot, machines["slow"][0]) };
        await silos.WaitAsync(hung.Reached, "the host's only place is taken");
        tasks.Add(await InProcessSilos.SubmitAsync(silo, TaskKinds.HardReboot, machines["slow"][1]));
        tasks.Add(await InProcessSilos.SubmitAsync(silo, TaskKinds.HardReboot, machines["slow"][2]));

        // What is known of the queue may be a second old.
        Refusal? refusal = null;
        await silos.UntilAsync(async () => (refusal = (await AskAsync(silo, machines["slow"][3])).Refusal) is { Kind: RefusalKind.Unavailable }, "the host's queue is full");

        Assert.Contains("steps wait at host slow already", refusal!.Message, StringComparison.Ordinal);
        var elsewhere = await AskAsync(silo, machines["quick"][0]);
        Assert.Equal(AcceptVerdict.Accepted, elsewhere.Verdict);
        Assert.Equal("succeeded", (await silos.EndAsync(elsewhere.Task)).State);
        var created = await silos.CreateServerAsync(silo);
        Assert.Equal("quick", (await silos.Store.ReadInstanceAsync(created))!.Host!.Value.Value);
        hung.Release();
        foreach (var task in tasks)
        {
            Assert.Equal("succeeded", (await silos.EndAsync(task)).State);
        }

        var later = default(AcceptAnswer);
        await silos.UntilAsync(async () => (later = await AskAsync(silo, machines["slow"][4])).Verdict == AcceptVerdict.Accepted, "the queue is short again");
        Assert.Equal("succeeded", (await silos.EndAsync(later!.Task)).State);
        Assert.Empty(await silos.FindViolationsAsync());
    }

    [Fact, Trait("Silos", "1")]
    public async Task SlowStore_NewWorkIsRefusedBeforeAnythingIsWritten_AndWhatWasAcceptedGoesOn()
    {
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions
        {
            // What is slow is one silo's way to the store, which must be that of the API and of the server's grain.
            Silos = 1, Admission = o => o.CommitDelay = TimeSpan.FromMilliseconds(300), ResponseTimeout = TimeSpan.FromSeconds(30),
        });
        var silo = silos.Silos[0];
        await using var api = await InProcessApi.StartAsync(silos, silo);
        var (first, second) = (await silos.CreateServerAsync(silo), new InstanceId(await api.Client.CreateAndWaitAsync("second")));
        silo.Store.Stall();
        var waiting = AskAsync(silo, first);
        await silos.UntilAsync(() => silo.Store.Stalled > 0, "its commit is on its way");
        await silos.UntilAsync(() => silo.Services.GetRequiredService<CommitLoad>().Delay > TimeSpan.FromMilliseconds(300), "and has been for too long");

        var refused = await api.Client.ActionAsync(second.Value, new JsonObject { ["reboot"] = new JsonObject { ["type"] = "HARD" } });

        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.Status);
        Assert.Contains("The database is slow", refused.Body, StringComparison.Ordinal);
        Assert.Equal("5", refused.Header("retry-after"));
        Assert.Equal(1, silo.Store.Stalled);
        silo.Store.Resume();
        Assert.Equal("succeeded", (await silos.EndAsync((await waiting).Task)).State);
        Assert.Equal("succeeded", (await silos.EndAsync((await AskAsync(silo, second)).Task)).State);
        Assert.Empty(await silos.FindViolationsAsync());
    }

    private static Task<AcceptAnswer> AskAsync(InProcessSilo via, InstanceId server)
    {
        var request = InProcessSilos.Request(TaskKinds.HardReboot, server);
        return via.Grains.GetGrain<IInstanceGrain>(server.GrainKey).Submit(request);
    }
}
