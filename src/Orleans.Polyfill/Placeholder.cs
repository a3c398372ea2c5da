// Replaced by the real polyfill.
namespace Orleans
{
    [AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum)] public sealed class GenerateSerializerAttribute : Attribute;
    [AttributeUsage(AttributeTargets.All, Inherited = false)] public sealed class ImmutableAttribute : Attribute;
    [AttributeUsage(AttributeTargets.All)] public sealed class IdAttribute(uint id) : Attribute { public uint Id => id; }
    [AttributeUsage(AttributeTargets.All, AllowMultiple = true)] public sealed class AliasAttribute(string alias) : Attribute { public string Alias => alias; }
    public interface IGrainWithStringKey;
}
namespace Orleans.Concurrency
{
    [AttributeUsage(AttributeTargets.Method)] public sealed class OneWayAttribute : Attribute;
    [AttributeUsage(AttributeTargets.Method)] public sealed class AlwaysInterleaveAttribute : Attribute;
}
namespace Orleans.Runtime { public interface INothing; }
namespace Orleans.Hosting { public interface INothing; }
