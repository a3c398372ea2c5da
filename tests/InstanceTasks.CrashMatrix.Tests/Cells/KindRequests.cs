using System.Text;
using InstanceTasks.Engine;
using InstanceTasks.Storage;

namespace InstanceTasks.CrashMatrix.Cells;

/// <summary>
/// What the request of a kind carries beside its kind. A kind without an entry carries nothing; if it needs something, its request is refused
/// and every one of its cells fails with that refusal. Secrets are added wherever a plan names one.
/// </summary>
public static class KindRequests
{
    /// <summary>The password that every plan that needs one gets.</summary>
    public const string Password = "matrix-password";

    /// <summary>The image that servers are made from.</summary>
    public const string ImageId = "6b1f0e7a-5d0c-4c1e-9f0b-1d2a3c4e5f60";

    private const string OtherImageId = "7c2f0e7a-5d0c-4c1e-9f0b-1d2a3c4e5f60";

    /// <summary>Those that are not made from servers.</summary>
    public static IReadOnlyList<string> Images { get; } = [ImageId, OtherImageId];

    private static readonly FlavorSnapshot Larger = new() { Id = "2", Name = "m1.small", Vcpus = 2, RamMb = 1024, DiskGb = 2 };

    private static readonly Dictionary<TaskKind, Func<SubmitTask, SubmitTask>> Parts = new()
    {
        [TaskKinds.Rebuild] = r => r with { Change = new InstanceChange { ImageId = OtherImageId } },
        [TaskKinds.CreateImage] = r => r with { Parameters = new() { [TaskParameters.ImageName] = "matrix-image" } },
        [TaskKinds.Resize] = r => r with { Change = new InstanceChange { Flavor = Larger } },
        [TaskKinds.Lock] = r => r with { Change = new InstanceChange { LockedReason = "matrix" } },
        [TaskKinds.Update] = r => r with { Change = new InstanceChange { Name = "renamed" } },
        [TaskKinds.Metadata] = r => r with { Change = new InstanceChange { MergeMetadata = new() { ["matrix"] = "yes" } } },
    };

    /// <summary>The request with what its kind needs.</summary>
    public static SubmitTask Complete(SubmitTask request, SecretBox box)
    {
        var completed = Parts.TryGetValue(request.Kind, out var part) ? part(request) : request;
        var secrets = PlanRegistry.Find(request.Kind)!.Steps.Select(s => s.Secret).OfType<string>().Distinct();
        return completed with { Secrets = secrets.ToDictionary(n => n, n => box.Seal(request.Task.Value, n, Encoding.UTF8.GetBytes(Password))) };
    }
}
