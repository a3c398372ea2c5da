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

    /// <summary>Ranks. A resize stays on its host: only that is looked at.</summary>
    public static HostChoice Rank(TaskRecord task, IReadOnlyList<HostView> hosts, DateTimeOffset now)
    {
        var choice = new HostChoice(now);
        var fitting = new List<HostView>();
        foreach (var host in hosts.Where(h => task.OldFlavor is null || h.Host == task.Host))
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
        var failure = new Failure(FailureKinds.NoValidHost, WhyNot(task), Details: string.Join("; ", _refused.Select(r => $"{r.Host}: {r.Reason}")));
        return [.. _refused, new UndoBegun { At = _now, Failure = failure, FromStep = task.Step - 1 }];
    }

    /// <summary>What a host's choice takes there. A resize keeps the old machine's room until it is confirmed or reverted.</summary>
    public static IReadOnlyList<ClaimChange> Take(TaskRecord task, HostName host) =>
        [new ClaimChange(task.Instance, task.Id, host, task.Machine!.Resources + (task.OldFlavor?.ToResources() ?? default), Take: true)];

    /// <summary>What undoing it, or leaving the host, gives back.</summary>
    public static IReadOnlyList<ClaimChange> GiveBack(TaskRecord task) => task.OldFlavor is { } old
        ? Holdings.Replace(task.Instance, task.Id, task.Host!.Value, old.ToResources())
        : [new ClaimChange(task.Instance, task.Id, null, default, Take: false)];

    /// <summary>The event of having given it back.</summary>
    public static StepDone GivenBack(TaskRecord task, Direction direction, DateTimeOffset now) =>
        new() { At = now, Step = task.Step, Direction = direction, FreesHost = task.OldFlavor is null };

    private string WhyNot(TaskRecord task)
    {
        var need = task.Machine!.Resources;
        var size = string.Create(CultureInfo.InvariantCulture, $"{need.Vcpus} vCPUs, {need.MemoryMb} MB of memory and {need.DiskGb} GB of disk");
        return task.OldFlavor is null
            ? string.Create(CultureInfo.InvariantCulture, $"No valid host was found. None of {_refused.Count} hosts can take {size}: choose a smaller flavor or another zone, or try again later.")
            : $"No valid host was found. The server's host cannot take {size} beside the machine that is there: choose a smaller flavor, or try again later.";
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

        if (task.Parameters.TryGetValue(TaskParameters.Host, out var only) && only != host.Host.Value)
        {
            return $"not {only}, which was asked for";
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
    /// <summary>For unshelve: only this host.</summary>
    public const string Host = "host";

    /// <summary>For create and unshelve: only hosts of this availability zone.</summary>
    public const string Zone = "availability_zone";

    /// <summary>For create and unshelve: the server group whose policy counts.</summary>
    public const string ServerGroup = "server_group";

    /// <summary>For rescue: the image of the rescue disk.</summary>
    public const string RescueImage = "rescue_image";

    /// <summary>For create-image: the image's id.</summary>
    public const string ImageId = "image_id";

    /// <summary>For create-image: the image's name.</summary>
    public const string ImageName = "image_name";

    /// <summary>For create-image: the image's properties, as a JSON object of texts.</summary>
    public const string ImageProperties = "image_properties";

    /// <summary>For a parent: an administrator has asked for it, so its children are an administrator's, too.</summary>
    public const string ByAdmin = "by_admin";
}
