using InstanceTasks.Engine;

namespace InstanceTasks.Simulation.Cluster;

/// <summary>How the actors and workers of one process reach the others.</summary>
internal sealed class Peers(SimulatedProcess process) : IPeers
{
    private static readonly TimeSpan LongestPoll = TimeSpan.FromSeconds(10);

    private Network Network => process.Cluster.Network;

    public void Wake(TaskId task, WakeUp wake)
    {
        process.Cluster.Watch.Woken(task);
        Network.Tell(process, ActorKey.Of(task), s => ((TaskShell)s).GuardAsync(a => a.WakeAsync(wake)));
    }

    public Task<PokeAnswer> PokeAsync(TaskId task) => CallTaskAsync(task, a => a.PokeAsync());

    public Task<CommandAnswer> CommandAsync(TaskId task, TaskCommand command) => CallTaskAsync(task, a => a.CommandAsync(command));

    public Task<AcceptAnswer> SubmitAsync(SubmitTask request) =>
        Network.CallAsync(process, ActorKey.Of(request.Instance), s => ((InstanceShell)s).GuardAsync(a => a.SubmitAsync(request)), () => process.Cluster.Watch.Twice.Add(request.Task));

    /// <summary>A parent is accepted by its project, as the API asks for it.</summary>
    public Task<AcceptAnswer> SubmitParentAsync(SubmitTask request) =>
        Network.CallAsync(process, ActorKey.Of(request.Caller.Project), s => ((ProjectShell)s).SubmitAsync(request), () => process.Cluster.Watch.Twice.Add(request.Task));

    public Task<SettleAnswer> SettleAsync(InstanceId instance, SettleRequest request) =>
        Network.CallAsync(process, ActorKey.Of(instance), s => ((InstanceShell)s).GuardAsync(a => a.SettleAsync(request)));

    public Task<WhereAnswer> OfferAsync(Attempt attempt) => CallHostAsync(attempt.Host, a => Task.FromResult(a.Offer(attempt)));

    public Task WithdrawAsync(HostName host, VerbKey key, Stamp stamp) => CallHostAsync(host, a =>
    {
        a.Withdraw(key, stamp);
        return Task.FromResult(true);
    });

    public Task<WhereAnswer> WhereAsync(HostName host, VerbKey key, Stamp stamp) => CallHostAsync(host, a => Task.FromResult(a.Where(key, stamp)));

    public Task<FenceAnswer> FenceAsync(HostName host, InstanceId machine, Stamp below) => CallHostAsync(host, a => Task.FromResult(a.Fence(machine, below)));

    public Task<PollAnswer> PollAsync(HostName host, PollRequest request) =>
        CallHostAsync(host, a => a.PollAsync(request.Wait > LongestPoll ? request with { Wait = LongestPoll } : request));

    public Task AnswerConsoleAsync(HostName host, Guid question, ConsoleAnswer answer) => CallHostAsync(host, a =>
    {
        a.AnswerConsole(question, answer);
        return Task.FromResult(true);
    });

    public Task<BeginAnswer> BeginAsync(TaskId task, Stamp stamp, long generation) =>
        Network.CallAsync(process, ActorKey.Of(task), s => Task.FromResult(((TaskShell)s).Begin(stamp, generation)));

    // A report that comes again when the next attempt is out is the rarest of accidents: it gets more chances than others.
    public Task EndedAsync(AttemptOutcome outcome) => CallTaskAsync(
        outcome.Key.Task,
        async a =>
        {
            await a.EndedAsync(outcome);
            return true;
        },
        copies: 6);

    private Task<T> CallTaskAsync<T>(TaskId task, Func<TaskActor, Task<T>> call, int copies = 1) => Network.CallAsync(
        process,
        ActorKey.Of(task),
        async s =>
        {
            var answer = default(T);
            await ((TaskShell)s).GuardAsync(async a => answer = await call(a));
            return answer!;
        },
        copies: copies);

    private Task<T> CallHostAsync<T>(HostName host, Func<HostActor, Task<T>> call) =>
        Network.CallAsync(process, process.Cluster.KeyOf(host), s => call(((HostShell)s).Actor));
}
