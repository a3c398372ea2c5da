using System.Text.Json;

namespace Orleans.Polyfill;

/// <summary>The JSON that state is stored as: public properties and fields, as Orleans' default serializer takes them.</summary>
internal static class StateSerializer
{
    private static readonly JsonSerializerOptions Options = new() { IncludeFields = true };

    public static byte[] Serialize<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, Options);

    public static T Deserialize<T>(byte[] bytes) => JsonSerializer.Deserialize<T>(bytes, Options)!;
}
