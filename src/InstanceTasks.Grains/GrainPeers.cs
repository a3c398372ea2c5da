using System.Collections.Concurrent;
using InstanceTasks.Engine;

namespace InstanceTasks.Grains;

/// <summary>Actors reach each other through grain calls.</summary>
internal sealed class GrainPeers(IGrainFactory grains) : IPeers
{
    // A reference is cheap to use and dear to make. There are few hosts; of tasks and instances there is no end.
    private readonly ConcurrentDictionary<HostName, IHostGrain> _hosts = new();

    /// <inheritdoc/>
    public void Wake(TaskId task, WakeUp wake) => _ = Of(task).Wake(wake);

    /// <inheritdoc/>
    public Task<PokeAnswer> PokeAsync(TaskId task) => Of(task).Poke();

    /// <inheritdoc/>
    public Task<AcceptAnswer> SubmitAsync(SubmitTask request) => grains.GetGrain<IInstanceGrain>(request.Instance.GrainKey).Submit(request);

    /// <inheritdoc/>
    public Task<CommandAnswer> CommandAsync(TaskId task, TaskCommand command) => Of(task).Command(command);

    /// <inheritdoc/>
    public Task<SettleAnswer> SettleAsync(InstanceId instance, SettleRequest request) => grains.GetGrain<IInstanceGrain>(instance.GrainKey).Settle(request);

    /// <inheritdoc/>
    public Task<WhereAnswer> OfferAsync(Attempt attempt) => Of(attempt.Host).Offer(attempt);

    /// <inheritdoc/>
    public Task WithdrawAsync(HostName host, VerbKey key, Stamp stamp) => Of(host).Withdraw(key, stamp);

    /// <inheritdoc/>
    public Task<WhereAnswer> WhereAsync(HostName host, VerbKey key, Stamp stamp) => Of(host).Where(key, stamp);

    /// <inheritdoc/>
    public Task<FenceAnswer> FenceAsync(HostName host, InstanceId machine, Stamp below) => Of(host).Fence(machine, below);

    /// <inheritdoc/>
    public Task<BeginAnswer> BeginAsync(TaskId task, Stamp stamp, long generation) => Of(task).Begin(stamp, generation);

    /// <inheritdoc/>
    public Task EndedAsync(AttemptOutcome outcome) => Of(outcome.Key.Task).Ended(outcome);

    /// <inheritdoc/>
    public Task<PollAnswer> PollAsync(HostName host, PollRequest request) => Of(host).Poll(request);

    /// <inheritdoc/>
    public Task AnswerConsoleAsync(HostName host, Guid question, ConsoleAnswer answer) => Of(host).AnswerConsole(question, answer);

    private ITaskGrain Of(TaskId task) => grains.GetGrain<ITaskGrain>(task.GrainKey);

    private IHostGrain Of(HostName host) => _hosts.GetOrAdd(host, static (h, g) => g.GetGrain<IHostGrain>(h.GrainKey), grains);
}
