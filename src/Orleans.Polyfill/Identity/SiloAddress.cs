using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Serialization;

namespace Orleans.Runtime;

/// <summary>The address of one incarnation of a silo: its endpoint and its generation.</summary>
public sealed class SiloAddress : IEquatable<SiloAddress>, IComparable<SiloAddress>, ISpanFormattable
{
    private static readonly DateTime Epoch = new(2022, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private static int lastGeneration;

    private SiloAddress(IPEndPoint endpoint, int generation)
    {
        Endpoint = endpoint;
        Generation = generation;
    }

    public static SiloAddress Zero { get; } = New(new IPEndPoint(IPAddress.Any, 0), 0);

    public IPEndPoint Endpoint { get; }

    public int Generation { get; }

    public bool IsClient => Generation < 0;

    public static SiloAddress New(IPEndPoint ep, int gen) => new(ep, gen);

    public static SiloAddress New(IPAddress address, int port, int generation) => new(new IPEndPoint(address, port), generation);

    // Two silos of one process may start within the same second on the same port: generations still differ.
    public static int AllocateNewGeneration()
    {
        var now = (int)(TimeProvider.System.GetUtcNow().UtcDateTime - Epoch).TotalSeconds;
        int seen, next;
        do
        {
            seen = Volatile.Read(ref lastGeneration);
            next = Math.Max(now, seen + 1);
        }
        while (Interlocked.CompareExchange(ref lastGeneration, next, seen) != seen);
        return next;
    }

    public static SiloAddress FromParsableString(string addr) => Parse(addr);

    public static SiloAddress Parse(string value) =>
        TryParse(value, out var result) ? result : throw new FormatException($"Invalid silo address \"{value}\": expected address:port@generation.");

    public static bool TryParse(string? value, [NotNullWhen(true)] out SiloAddress? result)
    {
        result = null;
        var s = value.AsSpan();
        var at = s.LastIndexOf('@');
        if (at < 0 || !IPEndPoint.TryParse(s[..at], out var endpoint)
            || !int.TryParse(s[(at + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var generation))
        {
            return false;
        }

        result = new(endpoint, generation);
        return true;
    }

    public string ToParsableString() => $"{Endpoint}@{Generation}";

    public override string ToString() => $"S{Endpoint}:{Generation}";

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();

    bool ISpanFormattable.TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        destination.TryWrite($"S{Endpoint}:{Generation}", out charsWritten);

    public int GetConsistentHashCode() => (int)StableHash.Compute(Encoding.UTF8.GetBytes(ToParsableString()));

    public ImmutableArray<uint> GetUniformHashCodes(int numHashes)
    {
        var basis = (uint)GetConsistentHashCode();
        return [.. Enumerable.Range(0, numHashes).Select(n => StableHash.Combine(basis, (uint)n))];
    }

    internal bool IsSameLogicalSilo([NotNullWhen(true)] SiloAddress? other) => other is not null && Endpoint.Equals(other.Endpoint);

    public bool IsSuccessorOf(SiloAddress other) => IsSameLogicalSilo(other) && Generation > other.Generation && other.Generation != 0;

    public bool IsPredecessorOf(SiloAddress other) => IsSameLogicalSilo(other) && Generation < other.Generation && Generation != 0;

    public bool Equals(SiloAddress? other) => other is not null && Generation == other.Generation && Endpoint.Equals(other.Endpoint);

    public override bool Equals(object? obj) => Equals(obj as SiloAddress);

    public override int GetHashCode() => HashCode.Combine(Endpoint, Generation);

    public int CompareTo(SiloAddress? other) => other is null ? 1 : string.CompareOrdinal(ToParsableString(), other.ToParsableString());
}
