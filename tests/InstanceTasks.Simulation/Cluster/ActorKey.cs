namespace InstanceTasks.Simulation.Cluster;

/// <summary>What kind of actor.</summary>
internal enum ActorKind
{
    /// <summary>A task.</summary>
    Task = 0,

    /// <summary>An instance.</summary>
    Instance = 1,

    /// <summary>A host.</summary>
    Host = 2,

    /// <summary>A recovery shard.</summary>
    Recovery = 3,
}

/// <summary>The name of an actor in the cluster.</summary>
internal readonly record struct ActorKey(ActorKind Kind, Guid Id, int Number)
{
    public static ActorKey Of(TaskId task) => new(ActorKind.Task, task.Value, 0);

    public static ActorKey Of(InstanceId instance) => new(ActorKind.Instance, instance.Value, 0);

    public static ActorKey Recovery(int shard) => new(ActorKind.Recovery, default, shard);
}
