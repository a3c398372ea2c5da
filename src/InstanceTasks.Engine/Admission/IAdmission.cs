namespace InstanceTasks.Engine;

/// <summary>Whether new work is taken on. Asked before anything of it is written; what was accepted is never affected.</summary>
public interface IAdmission
{
    /// <summary>Why nothing new is taken now; null: it is.</summary>
    /// <param name="host">The host that the work is for; null: none, or one that is yet to be chosen.</param>
    Refusal? Refuse(HostName? host);

    /// <summary>Whether a host has as many steps before it as it may have: another is chosen while there is one.</summary>
    bool IsFull(HostName host);
}

/// <summary>How much waits at hosts, as this process has last heard.</summary>
public interface IHostQueues
{
    /// <summary>How many attempts wait for a worker of the host; 0 also while it is not known. Never waits.</summary>
    int LengthOf(HostName host);
}
