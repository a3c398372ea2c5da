using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;

namespace InstanceTasks.Grains;

/// <summary>Gives <see cref="ProjectActor"/> its turns.</summary>
internal sealed class ProjectGrain(IJournal journal, IPeers peers, IOwnership ownership, TimeProvider time, ILogger<ProjectActor> logger, IAdmission admission) : Grain, IProjectGrain
{
    /// <inheritdoc/>
    public Task<AcceptAnswer> Submit(SubmitTask request) => new ProjectActor(GrainKeys.ProjectOf(this), journal, peers, ownership, time, logger, admission).SubmitAsync(request);
}
