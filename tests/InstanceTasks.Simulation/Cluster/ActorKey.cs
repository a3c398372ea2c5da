using System.Globalization;

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

    /// <summary>A project.</summary>
    Project = 4,
}

/// <summary>The name of an actor in the cluster.</summary>
internal readonly record struct ActorKey(ActorKind Kind, Guid Id, int Number)
{
    private const string Names = "project-";

    public static ActorKey Of(TaskId task) => new(ActorKind.Task, task.Value, 0);

    public static ActorKey Of(InstanceId instance) => new(ActorKind.Instance, instance.Value, 0);

    public static ActorKey Of(ProjectId project) => new(ActorKind.Project, default, int.Parse(project.Value.AsSpan(Names.Length), CultureInfo.InvariantCulture));

    public static ProjectId ProjectOf(ActorKey key) => new($"{Names}{key.Number}");

    public static ActorKey Recovery(int shard) => new(ActorKind.Recovery, default, shard);
}
