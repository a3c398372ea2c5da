using InstanceTasks.Api.Tests.OpenApi;

namespace InstanceTasks.Api.Tests.BadInput;

/// <summary>What a mutation starts from.</summary>
/// <param name="Random">Decides everything; only the seed and the number of the request decide about it.</param>
/// <param name="Described">The request that the document describes.</param>
/// <param name="Raw">The same as bytes.</param>
/// <param name="Other">Another one that the document describes.</param>
internal sealed record Original(Random Random, DescribedRequest Described, RawRequest Raw, DescribedRequest Other)
{
    public T Pick<T>(params IReadOnlyList<T> from) => Nasty.Pick(Random, from);
}

/// <summary>A way to spoil a request.</summary>
/// <param name="Family">What kind of thing is bad.</param>
/// <param name="Name">What is done.</param>
/// <param name="Apply">Does it.</param>
internal sealed record Mutation(string Family, string Name, Func<Original, RawRequest> Apply)
{
    /// <summary>It needs a body.</summary>
    public bool NeedsBody { get; init; }

    /// <summary>It may make it something that is no request of HTTP at all: then the server itself answers, or closes the connection.</summary>
    public bool MayBeNoHttp { get; init; }

    public static IReadOnlyList<Mutation> All { get; } = [.. TextMutations.All, .. TreeMutations.All, .. HeaderMutations.All, .. TargetMutations.All];

    /// <summary>The families, those that reach deepest several times.</summary>
    public static IReadOnlyList<IReadOnlyList<Mutation>> ByWeight { get; } =
        [.. new[] { "body as JSON", "body as JSON", "body as JSON", "body as text", "body as text", "headers", "headers", "method", "path", "query", "query" }.Select(f => All.Where(m => m.Family == f).ToList())];

    public override string ToString() => $"{Family}: {Name}";
}
