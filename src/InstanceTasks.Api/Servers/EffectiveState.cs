using InstanceTasks.Engine;

namespace InstanceTasks.Api.Servers;

/// <summary>The state of a server as the API shows it: the instance's row joined with the task that has the machine (design §4.1).</summary>
internal sealed record EffectiveState(string Status, string? TaskState, PowerState Power, HostName? Host, string Zone)
{
    public static EffectiveState Of(ServerView view)
    {
        var (instance, holder, _) = view;
        return new(
            ServerStatus.Of(instance.VmState, holder?.TaskState),
            holder?.TaskState,
            holder?.Power ?? instance.Power,
            holder?.Host ?? instance.Host,
            holder is { Zone.Length: > 0 } ? holder.Zone : instance.AvailabilityZone);
    }
}
