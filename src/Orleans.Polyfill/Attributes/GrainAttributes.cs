using System.Globalization;
using Orleans.Runtime;

namespace Orleans
{
    /// <summary>The name of the grain type; the default is the class name in lower case without "grain" at its end.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class GrainTypeAttribute : Attribute
    {
        private readonly string name;

        public GrainTypeAttribute(string grainType) => name = grainType;

        internal string Name => name;
    }

    /// <summary>The activation is never collected for being idle.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class KeepAliveAttribute : Attribute;

    /// <summary>How long activations of the class may be idle before they are collected.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class CollectionAgeLimitAttribute : Attribute
    {
        private static readonly TimeSpan Least = TimeSpan.FromMinutes(1);

        public CollectionAgeLimitAttribute()
        {
        }

        public CollectionAgeLimitAttribute(string inactivityPeriod) => Given = TimeSpan.Parse(inactivityPeriod, CultureInfo.InvariantCulture);

        public double Days { get; set; }

        public double Hours { get; set; }

        public double Minutes { get; set; }

        public bool AlwaysActive { get; set; }

        private TimeSpan? Given { get; }

        // The property form is clamped to one minute; the string form is taken as it is.
        internal TimeSpan Amount => AlwaysActive ? TimeSpan.MaxValue : Given ?? Max(TimeSpan.FromDays(Days) + TimeSpan.FromHours(Hours) + TimeSpan.FromMinutes(Minutes), Least);

        private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;
    }
}

namespace Orleans.Metadata
{
    /// <summary>Which grain type serves the interface when several implement it.</summary>
    [AttributeUsage(AttributeTargets.Interface)]
    public sealed class DefaultGrainTypeAttribute : Attribute
    {
        private readonly string name;

        public DefaultGrainTypeAttribute(string grainType) => name = grainType;

        internal string Name => name;
    }
}

namespace Orleans.Concurrency
{
    /// <summary>Requests of the class interleave at awaits.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class ReentrantAttribute : Attribute;

    /// <summary>Requests of this interface method interleave with any other.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class AlwaysInterleaveAttribute : Attribute;

    /// <summary>Requests of this interface method interleave with each other.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class ReadOnlyAttribute : Attribute;

    /// <summary>The caller of this interface method waits for nothing but the hand-over.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class OneWayAttribute : Attribute;

    /// <summary>A value that nobody changes, so it passes by reference within a silo.</summary>
    /// <typeparam name="T">The type of the value.</typeparam>
    [GenerateSerializer]
    [Immutable]
    public readonly struct Immutable<T> : IEquatable<Immutable<T>>
    {
        [Id(0)]
        public readonly T Value;

        public Immutable(T value) => Value = value;

        public bool Equals(Immutable<T> other) => EqualityComparer<T>.Default.Equals(Value, other.Value);

        public override bool Equals(object? obj) => obj is Immutable<T> other && Equals(other);

        public override int GetHashCode() => Value is null ? 0 : EqualityComparer<T>.Default.GetHashCode(Value);

        public static bool operator ==(Immutable<T> left, Immutable<T> right) => left.Equals(right);

        public static bool operator !=(Immutable<T> left, Immutable<T> right) => !left.Equals(right);
    }

    /// <summary>Wrapping values as immutable.</summary>
    public static class ImmutableExtensions
    {
        public static Immutable<T> AsImmutable<T>(this T value) => new(value);
    }
}

namespace Orleans.Providers
{
    /// <summary>Which storage provider keeps the state of a <see cref="Grain{TGrainState}"/>.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public sealed class StorageProviderAttribute : Attribute
    {
        public string ProviderName { get; set; } = ProviderConstants.DEFAULT_STORAGE_PROVIDER_NAME;
    }

    /// <summary>Names that providers share.</summary>
    public static class ProviderConstants
    {
        public const string DEFAULT_STORAGE_PROVIDER_NAME = "Default";
    }
}
