using System.Diagnostics;
using InstanceTasks.Chaos.Cluster;

namespace InstanceTasks.Chaos.Faults;

/// <summary>What faults have at hand: the cluster, and the dice.</summary>
internal sealed class FaultTools(ChaosCluster cluster, Random random)
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(100);

    /// <summary>The cluster.</summary>
    public ChaosCluster Cluster { get; } = cluster;

    /// <summary>The dice.</summary>
    public Random Random { get; } = random;

    /// <summary>A silo that runs, at random.</summary>
    public SiloSlot PickUp()
    {
        var up = Cluster.Up;
        return up.Count > 0 ? up[Random.Next(up.Count)] : throw new FaultMissedException("no silo runs");
    }

    /// <summary>A time between two, in seconds.</summary>
    public TimeSpan Between(double least, double most) => TimeSpan.FromSeconds(least + (Random.NextDouble() * (most - least)));

    /// <summary>Lets the fault last.</summary>
    public Task LastAsync(TimeSpan time) => Task.Delay(time, Cluster.Time);

    /// <summary>Waits until something is so. False: not in time.</summary>
    public async Task<bool> SeeAsync(Func<Task<bool>> condition, TimeSpan patience)
    {
        var watch = Stopwatch.StartNew();
        while (!await condition())
        {
            if (watch.Elapsed > patience)
            {
                return false;
            }

            await Task.Delay(Glance, Cluster.Time);
        }

        return true;
    }

    /// <summary>As the other, for what needs no questions.</summary>
    public Task<bool> SeeAsync(Func<bool> condition, TimeSpan patience) => SeeAsync(() => Task.FromResult(condition()), patience);
}

/// <summary>A fault found nobody to strike, as when its silo ended by itself at that moment: it is tried again.</summary>
internal sealed class FaultMissedException : Exception
{
    public FaultMissedException()
    {
    }

    public FaultMissedException(string message)
        : base(message)
    {
    }

    public FaultMissedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
