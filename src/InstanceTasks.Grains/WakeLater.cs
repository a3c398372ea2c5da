using InstanceTasks.Engine;

namespace InstanceTasks.Grains;

/// <summary>Wakes a task after a moment, from outside any turn: for activations that drop themselves.</summary>
internal sealed class WakeLater(IPeers peers, TimeProvider time)
{
    public void Schedule(TaskId task, TimeSpan delay, string cause)
    {
        ITimer? timer = null;
        timer = time.CreateTimer(
            _ =>
            {
                timer?.Dispose();
                peers.Wake(task, new WakeUp { Cause = cause });
            },
            null,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        timer.Change(delay, Timeout.InfiniteTimeSpan);
    }
}
