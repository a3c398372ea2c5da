using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;

namespace InstanceTasks.Grains;

/// <summary>
/// Asks the host's grain, again and again for 10 s, with one id: a grain that is lost or moves in between hears the question anew, and who asks does not notice.
/// </summary>
public sealed partial class GrainConsoles(IGrainFactory grains, TimeProvider time, ILogger<GrainConsoles> logger) : IConsoles
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);

    // A call that failed at once, or a silo that stops, must not be asked in circles.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <inheritdoc/>
    public async Task<ConsoleAnswer> ReadAsync(HostName host, InstanceId machine, int? lines, CancellationToken cancellationToken = default)
    {
        var question = new ConsoleQuestion { Id = Guid.NewGuid(), Machine = machine, Lines = lines };
        var began = time.GetTimestamp();
        var answer = await AskAsync(host, question, cancellationToken);
        while (answer.Verdict == ConsoleVerdict.Waiting && time.GetElapsedTime(began) < Longest)
        {
            await Task.Delay(Pause, time, cancellationToken);
            answer = await AskAsync(host, question, cancellationToken);
        }

        return answer.Verdict == ConsoleVerdict.Waiting ? answer with { Verdict = ConsoleVerdict.Unavailable } : answer;
    }

    private async Task<ConsoleAnswer> AskAsync(HostName host, ConsoleQuestion question, CancellationToken cancellationToken)
    {
        try
        {
            return await grains.GetGrain<IHostGrain>(host.GrainKey).ReadConsole(question).WaitAsync(cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotAsked(e, host);
            return new() { Verdict = ConsoleVerdict.Waiting, Reason = "its host cannot be asked" };
        }
    }

    [LoggerMessage(EventId = 2551, Level = LogLevel.Warning, Message = "Host {Host} could not be asked for a console; it is asked again")]
    private partial void LogNotAsked(Exception exception, HostName host);
}
