using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tests.Fakes;

internal sealed class FakeHolds : IHoldStore
{
    public List<Hold> All { get; } = [];

    public Task<IReadOnlyList<Hold>> ListHoldsAsync(bool withRemoved = false, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<Hold>>([.. All.Where(h => withRemoved || h.RemovedAt is null)]);

    public Task<Hold> AddHoldAsync(Hold hold, CancellationToken cancellationToken = default)
    {
        hold = hold with { At = Sample.Time };
        All.Add(hold);
        return Task.FromResult(hold);
    }

    public Task<bool> RemoveHoldAsync(Guid id, UserId by, CancellationToken cancellationToken = default)
    {
        var index = All.FindIndex(h => h.Id == id && h.RemovedAt is null);
        if (index >= 0)
        {
            All[index] = All[index] with { RemovedBy = by, RemovedAt = Sample.Time };
        }

        return Task.FromResult(index >= 0);
    }
}
