using InstanceTasks.Engine;

namespace InstanceTasks.Api.Tests.Fakes;

internal sealed class FakeCatalog : ICatalog
{
    public Dictionary<string, Flavor> Flavors { get; } = new[]
    {
        new Flavor { Id = "1", Name = "m1.tiny", Vcpus = 1, RamMb = 512, DiskGb = 1 },
        new Flavor { Id = "2", Name = "m1.small", Vcpus = 1, RamMb = 2048, DiskGb = 20 },
        new Flavor { Id = "3", Name = "m1.medium", Vcpus = 2, RamMb = 4096, DiskGb = 40, SwapMb = 64 },
        new Flavor { Id = "p", Name = "private", Vcpus = 2, RamMb = 4096, DiskGb = 40, IsPublic = false },
    }.ToDictionary(f => f.Id);

    public List<KeyPair> Pairs { get; } = [];

    public List<ImageRecord> Images { get; } = [];

    public Task<IReadOnlyList<Flavor>> ListFlavorsAsync(CancellationToken cancellationToken = default) => Task.FromResult<IReadOnlyList<Flavor>>([.. Flavors.Values]);

    public Task<Flavor?> GetFlavorAsync(string id, CancellationToken cancellationToken = default) => Task.FromResult(Flavors.GetValueOrDefault(id));

    public Task<bool> AddFlavorAsync(Flavor flavor, CancellationToken cancellationToken = default) =>
        Task.FromResult(Flavors.Values.All(f => f.Name != flavor.Name) && Flavors.TryAdd(flavor.Id, flavor));

    public Task<bool> UpdateFlavorAsync(Flavor flavor, CancellationToken cancellationToken = default)
    {
        var known = Flavors.ContainsKey(flavor.Id);
        if (known)
        {
            Flavors[flavor.Id] = flavor;
        }

        return Task.FromResult(known);
    }

    public Task<bool> DeleteFlavorAsync(string id, CancellationToken cancellationToken = default) => Task.FromResult(Flavors.Remove(id));

    public Task<IReadOnlyList<KeyPair>> ListKeyPairsAsync(UserId user, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<KeyPair>>([.. Pairs.Where(p => p.User == user)]);

    public Task<KeyPair?> GetKeyPairAsync(UserId user, string name, CancellationToken cancellationToken = default) =>
        Task.FromResult(Pairs.Find(p => p.User == user && p.Name == name));

    public Task<bool> AddKeyPairAsync(KeyPair pair, CancellationToken cancellationToken = default)
    {
        var isNew = !Pairs.Exists(p => p.User == pair.User && p.Name == pair.Name);
        if (isNew)
        {
            Pairs.Add(pair);
        }

        return Task.FromResult(isNew);
    }

    public Task<bool> DeleteKeyPairAsync(UserId user, string name, CancellationToken cancellationToken = default) =>
        Task.FromResult(Pairs.RemoveAll(p => p.User == user && p.Name == name) > 0);

    public Task<IReadOnlyList<ImageRecord>> ListImagesAsync(ProjectId? project, CancellationToken cancellationToken = default) =>
        Task.FromResult<IReadOnlyList<ImageRecord>>([.. Images.Where(i => project is null || i.Project == project)]);

    public Task<ImageRecord?> GetImageAsync(string id, CancellationToken cancellationToken = default) => Task.FromResult(Images.Find(i => i.Id == id));

    public Task<bool> DeleteImageAsync(string id, CancellationToken cancellationToken = default) =>
        Task.FromResult(Images.RemoveAll(i => i is { Active: true, Shelved: false } && i.Id == id) > 0);
}
