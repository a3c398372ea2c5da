using System.Globalization;

namespace InstanceTasks.Engine;

/// <summary>Ranks hosts for a machine: most free memory first; every refused host has a reason.</summary>
internal sealed class HostChoice
{
    private readonly List<HostRefused> _refused = [];
    private readonly DateTimeOffset _now;

    private HostChoice(DateTimeOffset now) => _now = now;

    /// <summary>Hosts that may have room, best first.</summary>
    public IReadOnlyList<HostView> Candidates { get; private set; } = [];

    /// <summary>Hosts refused so far, with the reasons.</summary>
    public IReadOnlyDictionary<string, string> Refused => _refused.ToDictionary(r => r.Host.Value, r => r.Reason);

    /// <summary>Ranks.</summary>
    public static HostChoice Rank(TaskRecord task, IReadOnlyList<HostView> hosts, DateTimeOffset now)
    {
        var choice = new HostChoice(now);
        var fitting = new List<HostView>();
        foreach (var host in hosts)
        {
            if (ReasonAgainst(task, host) is { } reason)
            {
                choice.Refuse(host.Host, reason);
            }
            else
            {
                fitting.Add(host);
            }
        }

        choice.Candidates = [.. fitting.OrderByDescending(h => h.Free.MemoryMb).ThenBy(h => h.Host.Value, StringComparer.Ordinal)];
        return choice;
    }

    /// <summary>Notes that a host was refused.</summary>
    public void Refuse(HostName host, string reason) => _refused.Add(new HostRefused { At = _now, Host = host, Reason = reason });

    /// <summary>The events of choosing a host.</summary>
    public IReadOnlyList<TaskEvent> Choose(TaskRecord task, HostView host) =>
    [
        .. _refused,
        new StepDone { At = _now, Step = task.Step, Host = host.Host, Zone = host.Zone, Note = Note() },
    ];

    /// <summary>The events of finding none.</summary>
    public IReadOnlyList<TaskEvent> GiveUp(TaskRecord task)
    {
        var need = task.Machine!.Resources;
        var failure = new Failure(
            FailureKinds.NoValidHost,
            string.Create(CultureInfo.InvariantCulture, $"No valid host was found. None of {_refused.Count} hosts can take {need.Vcpus} vCPUs, {need.MemoryMb} MB of memory and {need.DiskGb} GB of disk: choose a smaller flavor or another zone, or try again later."),
            Details: string.Join("; ", _refused.Select(r => $"{r.Host}: {r.Reason}")));
        return [.. _refused, new UndoBegun { At = _now, Failure = failure, FromStep = task.Step - 1 }];
    }

    private static string? ReasonAgainst(TaskRecord task, HostView host)
    {
        if (host.Disabled is { } why)
        {
            return $"disabled: {why}";
        }

        if (task.Parameters.TryGetValue(TaskParameters.Zone, out var zone) && zone != host.Zone)
        {
            return $"in zone {host.Zone}, not {zone}";
        }

        var (need, free) = (task.Machine!.Resources, host.Free);
        return need.FitsInto(free)
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"has {free.Vcpus} vCPUs, {free.MemoryMb} MB and {free.DiskGb} GB free");
    }

    private string? Note() => _refused.Count == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{_refused.Count} hosts were refused");
}

/// <summary>Names of small task parameters.</summary>
public static class TaskParameters
{
    /// <summary>For create: only hosts of this availability zone.</summary>
    public const string Zone = "availability_zone";

    /// <summary>For rescue: the image of the rescue disk.</summary>
    public const string RescueImage = "rescue_image";

    /// <summary>For a parent: an administrator has asked for it, so its children are an administrator's, too.</summary>
    public const string ByAdmin = "by_admin";
}
