using Orleans.Concurrency;

namespace Orleans.Behaviour.Tests;

[GenerateSerializer]
public class Marked
{
    [Id(0)]
    public string Name { get; set; } = "default";

    [field: NonSerialized]
    public int Left { get; set; } = 7;

    [Id(1)]
    private int secret;

    [Id(2)]
    public List<Marked> Children { get; set; } = [];

    [Id(3)]
    public Marked? Self { get; set; }

    [Id(4)]
    public object? Anything { get; set; }

    public int Secret
    {
        get => secret;
        set => secret = value;
    }
}

public class UnmarkedBase
{
    public int Lost { get; set; }
}

[GenerateSerializer]
public sealed class MarkedOnUnmarked : UnmarkedBase
{
    [Id(0)]
    public int Kept { get; set; }
}

public sealed class Plain
{
    public int Value { get; set; }
}

[GenerateSerializer]
public record PositionalBase(int A)
{
    [Id(0)]
    public string Body { get; init; } = "";
}

[GenerateSerializer]
public sealed record Positional(int A, string B) : PositionalBase(A)
{
    [Id(0)]
    public int Other { get; init; }
}

[GenerateSerializer]
public readonly record struct PositionalStruct(int A, IReadOnlyList<string> B);

[GenerateSerializer]
[Immutable]
public sealed class Frozen
{
    [Id(0)]
    public int[] Values { get; set; } = [];
}

public sealed class Foreign(int x)
{
    public int X { get; } = x;
}

[GenerateSerializer]
public struct ForeignSurrogate
{
    [Id(0)]
    public int X { get; set; }
}

[RegisterConverter]
public sealed class ForeignConverter : IConverter<Foreign, ForeignSurrogate>
{
    public Foreign ConvertFromSurrogate(in ForeignSurrogate surrogate) => new(surrogate.X);

    public ForeignSurrogate ConvertToSurrogate(in Foreign value) => new() { X = value.X };
}

public sealed class UnmarkedException(string message) : Exception(message);

[GenerateSerializer]
public sealed class MarkedException(string message) : Exception(message)
{
    [Id(0)]
    public int Code { get; set; }

    [field: NonSerialized]
    public int NotMarked { get; set; }
}

public interface ICopyGrain : IGrainWithStringKey
{
    Task Mutate(Marked value);

    Task<Marked> EchoMarked(Marked value);

    Task<object?> Echo(object? value);

    Task<object?> Last();

    Task KeepImmutable([Immutable] List<int> value);

    Task KeepWrapped(Immutable<List<int>> value);

    Task Throw(string kind);

    Task<string?> ContextValue(string key);

    Task SetContext(string key);
}

public class CopyGrain : Grain, ICopyGrain
{
    private object? last;

    public Task Mutate(Marked value)
    {
        value.Name = "changed by the callee";
        last = value;
        return Task.CompletedTask;
    }

    public Task<Marked> EchoMarked(Marked value) => Task.FromResult(value);

    public Task<object?> Echo(object? value)
    {
        last = value;
        return Task.FromResult(value);
    }

    public Task<object?> Last() => Task.FromResult(last);

    public Task KeepImmutable(List<int> value)
    {
        CopyTests.Kept = value;
        return Task.CompletedTask;
    }

    public Task KeepWrapped(Immutable<List<int>> value)
    {
        CopyTests.Kept = value.Value;
        return Task.CompletedTask;
    }

    public Task Throw(string kind) => throw (kind switch
    {
        "marked" => new MarkedException("m") { Code = 5, NotMarked = 6 },
        "unmarked" => new UnmarkedException("u"),
        "inner" => new InvalidOperationException("outer", new UnmarkedException("u")),
        "argument" => new ArgumentException("bad", nameof(kind)),
        _ => new InvalidOperationException("plain"),
    });

    public Task<string?> ContextValue(string key) => Task.FromResult(RequestContext.Get(key) as string);

    public Task SetContext(string key)
    {
        RequestContext.Set(key, "set by the callee");
        return Task.CompletedTask;
    }
}
