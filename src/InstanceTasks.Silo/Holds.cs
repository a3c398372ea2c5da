using InstanceTasks.Engine;
using InstanceTasks.Storage;

namespace InstanceTasks.Silo;

/// <summary>Holds on everything, made by whoever starts the process.</summary>
internal static class Holds
{
    /// <summary>A hold on every task.</summary>
    public static Hold OfAll(string reason, string by) => new() { Id = Guid.CreateVersion7(), Reason = reason, By = new UserId(by) };

    /// <summary>The hold on everything that stands; null: none.</summary>
    public static async Task<Hold?> FindAsync(IHoldStore store) => (await store.ListHoldsAsync()).FirstOrDefault(h => h is { Host: null, Project: null, Kind: null });

    /// <summary>Makes sure that one stands before anything moves.</summary>
    public static async Task<Hold> EnsureAsync(IHoldStore store) =>
        await FindAsync(store) ?? await store.AddHoldAsync(OfAll("Started with --paused: remove this hold to let tasks go on.", "--paused"));
}
