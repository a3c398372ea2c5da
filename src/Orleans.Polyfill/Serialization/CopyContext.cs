namespace Orleans.Serialization;

/// <summary>One deep copy in progress: keeps object identity, so that shared objects stay shared and cycles end.</summary>
internal sealed class CopyContext
{
    private Dictionary<object, object>? seen;

    public static object? CopyRoot(object? value) => new CopyContext().CopyObject(value);

    public void Record(object original, object copy) => (seen ??= new(ReferenceEqualityComparer.Instance))[original] = copy;

    /// <summary>Copies by the run-time type of the value.</summary>
    public object? CopyObject(object? value)
    {
        if (value is null)
        {
            return null;
        }

        var plan = CopyPlans.For(value.GetType());
        if (plan.Copy is null)
        {
            return value;
        }

        return seen is not null && seen.TryGetValue(value, out var copy) ? copy : plan.Copy(value, this);
    }

    public T Copy<T>(T value) => Static<T>.ByReference || value is null ? value : (T)CopyObject(value)!;

    private static class Static<T>
    {
        public static readonly bool ByReference = (typeof(T).IsValueType || typeof(T).IsSealed) && CopyPlans.For(typeof(T)).Copy is null;
    }
}

/// <summary>How values of a type are copied.</summary>
/// <param name="Copy">Null when values pass by reference.</param>
internal sealed record CopyPlan(Func<object, CopyContext, object>? Copy)
{
    public static readonly CopyPlan ByReference = new((Func<object, CopyContext, object>?)null);
}
