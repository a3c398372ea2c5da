using InstanceTasks.TestKit.InProcess;
using Microsoft.Extensions.DependencyInjection;

namespace InstanceTasks.Grains.Tests.Recovery;

public sealed class NudgesTests
{
    /// <summary>Found in review: each lease that came or went began to ask every shard anew, without an end while one could not answer.</summary>
    [Fact, Trait("Silos", "1")]
    public async Task OfShard_ItCannotAnswer_FurtherReasonsAddNothing_AndItIsAskedUntilItCan()
    {
        var deaf = new Deaf();
        await using var silos = await InProcessSilos.StartAsync(new InProcessOptions { Silos = 1, Filters = [deaf], Lease = o => o.Length = TimeSpan.FromSeconds(60) });
        var nudges = silos.Silos[0].Services.GetRequiredService<Nudges>();
        await silos.UntilAsync(() => nudges.Asking == 0, "the start is over");
        deaf.On = true;

        for (var reason = 1; reason <= 20; reason++)
        {
            var refused = deaf.Refused;
            nudges.OfShard(0, $"reason {reason}");
            await silos.UntilAsync(() => deaf.Refused > refused, "it is asked in vain");
        }

        // One that waits to ask again, and at most one that is asking.
        Assert.InRange(nudges.Asking, 1, 2);
        deaf.On = false;
        await silos.UntilAsync(() => nudges.Asking == 0, "it has been asked with success");
        Assert.True(deaf.Answered > 0);
    }

    private sealed class Deaf : IIncomingGrainCallFilter
    {
        private int _refused;
        private int _answered;

        public bool On { get; set; }

        public int Refused => Volatile.Read(ref _refused);

        public int Answered => Volatile.Read(ref _answered);

        public async Task Invoke(IIncomingGrainCallContext context)
        {
            if (context.MethodName != nameof(IRecoveryGrain.Nudge))
            {
                await context.Invoke();
                return;
            }

            if (On)
            {
                Interlocked.Increment(ref _refused);
                throw new InvalidOperationException("It does not listen.");
            }

            await context.Invoke();
            Interlocked.Increment(ref _answered);
        }
    }
}
