// Two versions of one type that differ in each way that the comparison must see.
namespace Orleans.Polyfill.Tests.Contract.Planted;

#pragma warning disable CA1051, CA1805, CA1852, MA0053, CA1822, CA1063, CA1816, MA0055, CA1802, CA1721, CA1062, CA2211, MA0069 // the shapes are what is compared
public sealed class Real
{
    public const int Constant = 1;

    public required int Required { get; init; }

    public static void Static()
    {
    }

    public int Changed(int value) => value;

    public void Named(int count = 3) => _ = count;

    public void Constrained<T>(T value)
        where T : class => _ = value;

    [Obsolete("planted")]
    public void Old()
    {
    }

    public void Overridable()
    {
    }

    public Task<string?> Nullable(List<int> list, string? text) => Task.FromResult<string?>($"{list}{text}");

    public void OnlyThere()
    {
    }

#pragma warning disable CS0628 // a protected member of a sealed class is one of the differences
    protected void Protected()
    {
    }
}

public class Ours : IDisposable
{
    public const int Constant = 2;

    public int Required { get; init; }

    public void Static()
    {
    }

    public long Changed(int value) => value;

    public void Named(int other) => _ = other;

    public void Constrained<T>(T value) => _ = value;

    public void Old()
    {
    }

    public virtual void Overridable()
    {
    }

    public void Protected()
    {
    }

    public Task<string> Nullable(List<int> list, string text) => Task.FromResult($"{list}{text}");

    public void Extra()
    {
    }

    public void Dispose()
    {
    }

    public override string ToString() => "an override is no difference";
}
