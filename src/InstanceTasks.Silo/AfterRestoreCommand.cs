using InstanceTasks.Grains;
using InstanceTasks.Storage;

namespace InstanceTasks.Silo;

/// <summary>
/// <c>after-restore [--data DIR] [--config FILE]</c>: prepares a database that was restored from a backup. From then on all effects are ordered behind those that the database
/// has lost, and nothing moves until an administrator has looked at the machines and removes the hold.
/// </summary>
internal static class AfterRestoreCommand
{
    public const string Name = "after-restore";

    /// <exception cref="SettingsException">Somebody works on the database.</exception>
    public static async Task RunAsync(string[] args, TextWriter output)
    {
        await using var app = SiloBuilding.Build(args);
        await StoreWiring.OpenAsync(app.Services);
        var store = app.Services.GetRequiredService<IInstanceTasksStore>();
        await RefuseWhileUsedAsync(store);
        var standing = await Holds.FindAsync(store);
        var hold = standing ?? Holds.OfAll("The database was restored from a backup: look at the machines first, then remove this hold.", Name);
        var seen = app.Services.GetService<StampCheck>() is { } stamps ? await stamps.ReadNewestEpochAsync() : 0;
        var epoch = await store.BeginAfterRestoreAsync(standing is null ? hold : null, above: seen);
        await output.WriteLineAsync(
            $"""
            This is cluster epoch {epoch} now. Start the silos: they serve, and no task moves.
            When you have compared the machines with the servers: DELETE /v2.1/tasks/holds/{hold.Id}
            """);
    }

    // A directory is locked by the process that uses it; a database is not.
    private static async Task RefuseWhileUsedAsync(IInstanceTasksStore store)
    {
        if (store is PostgresStore && await store.ReadLiveAsync() is { Count: > 0 } live)
        {
            throw new SettingsException($"{live.Count} silo(s) work on this database: {string.Join(", ", live.Select(l => l.Silo))}. Stop them first; a lease that came with the backup ends within seconds.");
        }
    }
}
