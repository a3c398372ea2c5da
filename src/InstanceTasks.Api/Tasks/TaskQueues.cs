using System.Text.Json.Nodes;
using InstanceTasks.Api.Auth;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tasks;

/// <summary>Where a task that waits stands: in its server's queue, or as an attempt in a host's.</summary>
internal sealed class TaskQueues(IQueries queries, TimeProvider time)
{
    // Fewer samples than this say nothing.
    private const int Enough = 3;
    private const int Recent = 20;

    /// <summary>Null: it waits in no queue. Reads only for a task that does.</summary>
    public async Task<JsonObject?> OfAsync(ApiCall call, TaskRecord task) => task switch
    {
        { IsEnded: true } or { Outcome: TaskOutcome.NeedsAttention } => null,
        { Turn: 0 } => await OfServerAsync(call, task),
        { Wait: { } wait } => OfHost(call, wait),
        _ => null,
    };

    // How long the attempts ahead will take, and how many workers there will be, nobody knows: no estimate is better than that one.
    private static JsonObject OfHost(ApiCall call, WaitDetail wait) => new()
    {
        ["limit"] = wait.Limit,
        ["ahead"] = wait.Ahead,
        ["held_by"] = call.May(Rules.TaskHosts) ? new JsonArray([.. wait.HeldBy.Select(t => JsonValue.Create(t.ToString()))]) : null,
        ["estimate_seconds"] = null,
    };

    private async Task<JsonObject?> OfServerAsync(ApiCall call, TaskRecord task)
    {
        if (await queries.GetServerAsync(task.Instance, call.Aborted) is not { Instance: { Holder: { } holder } instance } view)
        {
            return null;
        }

        List<TaskRef> ahead = [holder, .. instance.Queue.TakeWhile(q => q.Id != task.Id)];
        return new()
        {
            ["limit"] = "server",
            ["ahead"] = ahead.Count,
            ["held_by"] = new JsonArray([.. ahead.Select(t => JsonValue.Create(t.Id.ToString()))]),
            ["estimate_seconds"] = await EstimateAsync(call, task, ahead, view.Holder),
        };
    }

    /// <summary>The medians of what the kinds ahead took lately in this project, less what the holder has had; null when one is not known.</summary>
    private async Task<double?> EstimateAsync(ApiCall call, TaskRecord task, IReadOnlyList<TaskRef> ahead, TaskRecord? holder)
    {
        // A pause ends when somebody says so, and a stop is over when it is.
        if (holder is not { Run: TaskRun.Running or TaskRun.Waiting, Intent: TaskIntent.None, Phase: TaskPhase.Forward, StartedAt: { } started })
        {
            return null;
        }

        var total = TimeSpan.Zero;
        foreach (var kind in ahead.Select(a => a.Kind).ToList())
        {
            if (await MedianAsync(call, task.Project, kind) is not { } median)
            {
                return null;
            }

            var had = total == TimeSpan.Zero ? time.GetUtcNow() - started : TimeSpan.Zero;
            total += median > had ? median - had : TimeSpan.FromMilliseconds(1);
        }

        return Math.Round(total.TotalSeconds, 1);
    }

    private async Task<TimeSpan?> MedianAsync(ApiCall call, ProjectId project, TaskKind kind)
    {
        var filter = new TaskFilter { Project = project, Kinds = [kind], States = ["succeeded"], Limit = Recent };
        var took = (await queries.ListTasksAsync(filter, call.Aborted))
            .Where(t => t is { StartedAt: not null, FinishedAt: not null }).Select(t => t.FinishedAt!.Value - t.StartedAt!.Value).Order().ToList();
        return took.Count < Enough ? null : took[took.Count / 2];
    }
}
