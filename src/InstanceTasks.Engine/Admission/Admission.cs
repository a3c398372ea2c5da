using Microsoft.Extensions.Options;

namespace InstanceTasks.Engine;

/// <summary>
/// Refuses new work while what was accepted before is slow to move: a caller who is told so at once can try again, one whose request hangs
/// cannot know what has become of it.
/// </summary>
internal sealed class Admission(CommitLoad commits, IHostQueues hosts, IOptions<AdmissionOptions> options) : IAdmission
{
    private readonly AdmissionOptions _options = options.Value;

    /// <inheritdoc/>
    public Refusal? Refuse(HostName? host)
    {
        if (DatabaseIsSlow() is { } slow)
        {
            return Refused("database", slow);
        }

        return host is { } full && IsFull(full) ? Refused("host", $"{hosts.LengthOf(full)} steps wait at host {full} already.") : null;
    }

    /// <inheritdoc/>
    public bool IsFull(HostName host) => hosts.LengthOf(host) >= _options.QueuedPerHost;

    private static Refusal Refused(string by, string reason)
    {
        AdmissionInstruments.OnRefused(by);
        return new(RefusalKind.Unavailable, $"{reason} Nothing was done; try again later.");
    }

    private string? DatabaseIsSlow()
    {
        var (waiting, delay) = (commits.Waiting, commits.Delay);
        return waiting >= _options.WaitingCommits ? $"{waiting} changes wait to be written already."
            : delay >= _options.CommitDelay ? $"The database is slow: a change takes {delay.TotalSeconds:0.0} s to be written."
            : null;
    }
}
