namespace InstanceTasks;

/// <summary>How a silo does.</summary>
/// <param name="Generation">Its generation.</param>
/// <param name="HasLease">Whether its lease is safe: it reached the store within the length of a lease.</param>
[GenerateSerializer, Immutable]
public sealed record WitnessAnswer([property: Id(0)] long Generation, [property: Id(1)] bool HasLease);
