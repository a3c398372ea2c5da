using InstanceTasks.Engine;
using InstanceTasks.Storage;

namespace InstanceTasks.Silo;

/// <summary>Holds on everything, made by whoever starts the process.</summary>
internal static class Holds
{
    private const string Paused = "--paused";

    /// <summary>A hold on every task.</summary>
    public static Hold OfAll(string reason, string by) => new() { Id = Guid.CreateVersion7(), Reason = reason, By = new UserId(by) };

    /// <summary>The hold on everything that stands; null: none.</summary>
    public static async Task<Hold?> FindAsync(IHoldStore store) => (await store.ListHoldsAsync()).FirstOrDefault(IsOfAll);

    /// <summary>Makes sure that one stands before anything moves; also of several processes that start at once only one stays, so that removing it lets tasks go on.</summary>
    public static async Task<Hold> EnsureAsync(IHoldStore store)
    {
        if (await FindAsync(store) is { } standing)
        {
            return standing;
        }

        var mine = await store.AddHoldAsync(OfAll("Started with --paused: remove this hold to let tasks go on.", Paused));
        // Whoever looks last sees those of all. One that somebody made for another reason is somebody's to remove, and then this one still stands.
        var ours = (await store.ListHoldsAsync()).Where(h => IsOfAll(h) && h.By.Value == Paused).ToList();
        foreach (var further in ours.Skip(1))
        {
            await store.RemoveHoldAsync(further.Id, mine.By);
        }

        return ours.FirstOrDefault(mine);
    }

    private static bool IsOfAll(Hold hold) => hold is { Host: null, Project: null, Kind: null };
}
