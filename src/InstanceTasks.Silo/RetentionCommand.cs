using System.Globalization;
using InstanceTasks.Engine;
using InstanceTasks.Storage;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Silo;

/// <summary>
/// <c>retention status</c> says what was purged and what could be; <c>retention run [--dry-run]</c> purges it now, or says what it would. Both with <c>[--data DIR] [--config FILE]</c>.
/// </summary>
internal static class RetentionCommand
{
    public const string Name = "retention";

    private const string DryRun = "--dry-run";

    /// <returns>0: done; 1: another run, or a hold on everything, is in the way.</returns>
    /// <exception cref="SettingsException">It is neither of the two.</exception>
    public static async Task<int> RunAsync(string[] args, TextWriter output)
    {
        var (verb, rest) = args is [var first, .. var others] ? (first, others) : ("", args);
        if (verb is not ("status" or "run"))
        {
            throw new SettingsException("cannot understand the command: use retention status or retention run [--dry-run], with --data DIR, --config FILE.");
        }

        await using var app = SiloBuilding.Build([.. rest.Where(a => verb != "run" || a != DryRun)]);
        await StoreWiring.OpenAsync(app.Services);
        var (store, options) = (app.Services.GetRequiredService<IInstanceTasksStore>(), app.Services.GetRequiredService<IOptions<RetentionOptions>>().Value);
        if (verb == "run" && !rest.Contains(DryRun))
        {
            return await PurgeAsync(store, options, app.Services, output);
        }

        var ripe = await store.CountRipeAsync(options.Longest);
        await output.WriteLineAsync(verb == "run" ? $"Would take away {ripe.Tasks} task(s), and {ripe.Servers} deleted server(s)." : StatusText(await store.ReadRetentionAsync(), ripe, options));
        return 0;
    }

    private static async Task<int> PurgeAsync(IInstanceTasksStore store, RetentionOptions options, IServiceProvider services, TextWriter output)
    {
        var time = services.GetRequiredService<TimeProvider>();
        // No silo: it has no generation.
        var actor = new RetentionActor(store, new FileArchive(options.Archive, () => 0, time), options, time, services.GetRequiredService<ILogger<RetentionActor>>());
        var before = await store.ReadRetentionAsync();
        RetentionStep step;
        while ((step = await actor.StepAsync()) == RetentionStep.More)
        {
            await Task.Delay(options.Pause, time);
        }

        var after = await store.ReadRetentionAsync();
        await output.WriteLineAsync($"{ResultText(step)} Took away {after.Tasks - before.Tasks} task(s), and {after.Servers - before.Servers} deleted server(s).");
        return step == RetentionStep.Done ? 0 : 1;
    }

    private static string ResultText(RetentionStep step) => step switch
    {
        RetentionStep.Done => "Done.",
        RetentionStep.Held => "There is a hold on everything: remove it first.",
        RetentionStep.Busy => "Another run is under way.",
        _ => "The claim was lost, or a hold came: run it again.",
    };

    private static string StatusText(RetentionState state, RipeCounts ripe, RetentionOptions options) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        {(options.Enabled ? $"Deleted servers and their tasks are kept for {options.Longest}." : "Retention is off: everything is kept.")}{(state.IsHeld ? " There is a hold on everything: nothing is purged." : "")}{(state.IsRunning ? " A run is under way." : "")}
        Now due: {ripe.Tasks} task(s), and {ripe.Servers} deleted server(s).
        Purged so far: {state.Tasks} task(s), and {state.Servers} deleted server(s); last {When(state.LastPurgeAt)}. Last run: {When(state.LastRunAt)}.
        The event stream is complete from {state.StreamFrom} on, usage from {(state.UsageFrom is null ? "the beginning" : When(state.UsageFrom))} on.
        Archive: {(options.Archive.Length == 0 ? "none" : options.Archive)}
        """);

    private static string When(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture) ?? "never";
}
