using InstanceTasks.Engine;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Grains;

/// <summary>Gives <see cref="HostActor"/> its turns; every method interleaves and none awaits between reading and changing state.</summary>
internal sealed class HostGrain(IOwnership ownership, SiloStop stop, TimeProvider time, IOptions<LimitOptions> limits) : Grain, IHostGrain
{
    private static readonly TimeSpan LongestPoll = TimeSpan.FromSeconds(10);

    // A task's turn waits for it, and what else is asked of the task waits for the turn.
    private static readonly TimeSpan LongestFence = TimeSpan.FromMilliseconds(500);

    // As short as a poll is held: an activation that is to move waits for its calls.
    private static readonly TimeSpan LongestRead = TimeSpan.FromSeconds(2);

    private HostActor? _actor;

    private HostActor Actor => _actor ??= new HostActor(GrainKeys.HostOf(this), ownership, time, limits.Value);

    /// <inheritdoc/>
    public Task<WhereAnswer> Offer(Attempt attempt) => Task.FromResult(Actor.Offer(attempt));

    /// <inheritdoc/>
    public Task Withdraw(VerbKey key, Stamp stamp)
    {
        Actor.Withdraw(key, stamp);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<WhereAnswer> Where(VerbKey key, Stamp stamp) => Task.FromResult(Actor.Where(key, stamp));

    /// <inheritdoc/>
    public async Task<PollAnswer> Poll(PollRequest request)
    {
        var held = Actor.PollAsync(request.Wait > LongestPoll ? request with { Wait = LongestPoll } : request);
        // A newer poll lets the held one go, so that nothing is handed to a call that has returned.
        await Task.WhenAny(held, stop.Begun);
        return held.IsCompleted ? await held : await Actor.PollAsync(request with { Room = 0, Wait = TimeSpan.Zero });
    }

    /// <inheritdoc/>
    public async Task<FenceAnswer> Fence(InstanceId machine, Stamp below)
    {
        var fence = Actor.FenceAsync(machine, below, LongestFence);
        await Task.WhenAny(fence, stop.Begun);
        return fence.IsCompleted ? await fence : Actor.Fence(machine, below);
    }

    /// <inheritdoc/>
    public async Task<ConsoleAnswer> ReadConsole(ConsoleQuestion question)
    {
        var reading = Actor.ReadConsoleAsync(question, LongestRead);
        await Task.WhenAny(reading, stop.Begun);
        return reading.IsCompleted ? await reading : new() { Verdict = ConsoleVerdict.Waiting, Reason = "its host is being moved to another process" };
    }

    /// <inheritdoc/>
    public Task AnswerConsole(Guid question, ConsoleAnswer answer)
    {
        Actor.AnswerConsole(question, answer);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<int> QueueLength() => Task.FromResult(Actor.QueueLength);
}
