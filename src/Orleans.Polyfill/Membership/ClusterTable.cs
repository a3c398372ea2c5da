using System.Collections.Immutable;
using System.Globalization;
using Orleans.Runtime;

namespace Orleans.Polyfill;

/// <summary>Who took a silo for dead, and when.</summary>
internal readonly record struct Suspicion(SiloAddress Voter, DateTime Time)
{
    private const string Format = "yyyy-MM-dd HH:mm:ss.fff 'GMT'";

    public static ImmutableArray<Suspicion> Parse(string? text) => string.IsNullOrWhiteSpace(text) ? [] : [.. text.Split('|').Select(ParseOne)];

    public static string? Write(ImmutableArray<Suspicion> all) =>
        all.IsEmpty ? null : string.Join('|', all.Select(s => $"{s.Voter.ToParsableString()},{s.Time.ToString(Format, CultureInfo.InvariantCulture)}"));

    private static Suspicion ParseOne(string text)
    {
        var comma = text.IndexOf(',');
        return new(
            SiloAddress.Parse(text[..comma]),
            DateTime.ParseExact(text[(comma + 1)..], Format, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal));
    }
}

/// <summary>A silo's row in the membership table.</summary>
internal sealed record Member(SiloAddress Address, string Name, string HostName, SiloStatus Status, int ProxyPort, ImmutableArray<Suspicion> Suspicions, DateTime Start, DateTime Alive)
{
    /// <summary>Others may call it and its grains.</summary>
    public bool IsFunctional => Status is SiloStatus.Active or SiloStatus.ShuttingDown or SiloStatus.Stopping;
}

/// <summary>The table as it was read: all rows of one version.</summary>
internal sealed record ClusterSnapshot(int Version, ImmutableArray<Member> Members)
{
    public static readonly ClusterSnapshot Empty = new(-1, []);

    public Member? Find(SiloAddress address) => Members.FirstOrDefault(m => m.Address.Equals(address));
}

/// <summary>
/// The table that makes silos a cluster. A row changes only together with the table's version: whoever read an older version than there is
/// by now changes nothing, and is told so.
/// </summary>
internal interface IClusterTable : IAsyncDisposable
{
    /// <summary>Makes the version row if there is none.</summary>
    Task InitAsync(CancellationToken token);

    Task<ClusterSnapshot> ReadAsync(CancellationToken token);

    /// <summary>Inserts a row if the version still is the given one.</summary>
    Task<bool> InsertAsync(Member member, int version, CancellationToken token);

    /// <summary>Writes status, suspicions and time of a row if the version still is the given one.</summary>
    Task<bool> UpdateAsync(Member member, int version, CancellationToken token);

    /// <summary>Writes the time only, whatever the version.</summary>
    Task UpdateAliveAsync(Member member, CancellationToken token);

    /// <summary>Removes dead rows whose times are before the given one.</summary>
    Task CleanAsync(DateTime before, CancellationToken token);
}
