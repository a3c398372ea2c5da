using InstanceTasks.Api.Submitting;
using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;

namespace InstanceTasks.Api.Servers;

/// <summary><c>min_count</c> and <c>max_count</c> of <c>POST /servers</c>: creates as children of one parent, whose quota is taken at once.</summary>
internal sealed class CreateServers(TaskSubmitter submitter, IQueries queries)
{
    // As many as a cloud of some dozens of hosts starts without its image store being the only thing that works.
    private const int Concurrency = 50;

    /// <summary>The request for as many as may be wanted. Their user data is sealed once, for the parent.</summary>
    public static SubmitTask Request(ApiCall call, CreateServerInput input, InstanceRecord template)
    {
        var request = TaskSubmitter.Request(call, TaskKinds.Bulk, default);
        return request with { Children = ChildrenOf(template with { UserDataSealedFor = template.UserDataSet ? request.Task.Value : null }, input.MaxCount) };
    }

    /// <summary>As many as the quota allows, from the most down to <paramref name="least"/>.</summary>
    public async Task<AcceptAnswer> SubmitAsync(ApiCall call, SubmitTask request, int least)
    {
        if (call.IsDryRun)
        {
            // What one of them would do is what each would do.
            var first = request.Children!.NewInstance(request.Task, 0);
            return await submitter.SubmitAsync(call, request with { Kind = TaskKinds.Create, Instance = first.Id, NewInstance = first, Children = null });
        }

        var usage = await queries.GetUsageAsync(call.Caller.Project, call.Aborted);
        var fits = Fits(usage, request.Children!);
        return await submitter.SubmitAsync(call, fits >= least && fits < request.Children!.Total ? request with { Children = request.Children with { Total = fits } } : request);
    }

    private static ChildrenRecord ChildrenOf(InstanceRecord template, int count) =>
        new() { Kind = TaskKinds.Create, Total = count, Concurrency = Math.Min(Concurrency, count), Template = template };

    private static int Fits(QuotaUsage usage, ChildrenRecord children)
    {
        var flavor = children.Template!.Flavor;
        return Math.Min(
            Math.Min(Room(usage.MaxInstances, usage.Instances, 1), Room(usage.MaxCores, usage.Cores, flavor.Vcpus)),
            Room(usage.MaxRamMb, usage.RamMb, flavor.RamMb));
    }

    private static int Room(int limit, int used, int each) => limit < 0 || each == 0 ? int.MaxValue : Math.Max(0, limit - used) / each;
}
