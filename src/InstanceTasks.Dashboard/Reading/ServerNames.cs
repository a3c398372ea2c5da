namespace InstanceTasks.Dashboard.Reading;

/// <summary>The names of the servers that a page mentions: those that are not known yet are read together.</summary>
internal sealed class ServerNames(StoredReads stored)
{
    private const int AtATime = 500;
    private const int MostKept = 5000;
    private readonly Dictionary<Guid, string?> _names = [];

    /// <summary>The name, if it has been learnt.</summary>
    public string? Find(Guid? server) => server is { } id ? _names.GetValueOrDefault(id) : null;

    /// <summary>A name that is known from elsewhere.</summary>
    public void Note(Guid server, string? name) => _names[server] = name;

    /// <summary>Learns the names that are missing. A server of another project has none.</summary>
    public async Task LearnAsync(IEnumerable<Guid?> servers, CancellationToken cancellationToken)
    {
        if (_names.Count > MostKept)
        {
            _names.Clear();
        }

        foreach (var some in servers.OfType<Guid>().Distinct().Where(s => !_names.ContainsKey(s)).Chunk(AtATime).ToList())
        {
            var found = await stored.NamesAsync([.. some.Select(s => new InstanceId(s))], cancellationToken);
            foreach (var server in some)
            {
                _names[server] = found.GetValueOrDefault(new(server));
            }
        }
    }
}
