using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>Base of all grain references. Two are equal when they refer to the same grain.</summary>
public class GrainReference : IAddressable, IEquatable<GrainReference>, ISpanFormattable
{
    internal GrainReference(ProxyShape shape, GrainId grainId)
    {
        Shape = shape;
        GrainId = grainId;
    }

    public GrainId GrainId { get; }

    public GrainInterfaceType InterfaceType => Shape.InterfaceType;

    public virtual string InterfaceName => Shape.InterfaceType.ToString();

    internal ProxyShape Shape { get; }

    // A reference that came in a message belongs to the silo that it is used in, not to the one that made it.
    private CallSender Sender => RuntimeContext.Current is { } here ? here.Silo.Sender : Shape.Sender;

    public virtual TGrainInterface Cast<TGrainInterface>() where TGrainInterface : IAddressable => (TGrainInterface)Shape.Factory.Cast(this, typeof(TGrainInterface));

    public uint GetUniformHashCode() => GrainId.GetUniformHashCode();

    public bool Equals([NotNullWhen(true)] GrainReference? other) => other is not null && GrainId.Equals(other.GrainId);

    public override bool Equals(object? obj) => Equals(obj as GrainReference);

    public override int GetHashCode() => GrainId.GetHashCode();

    public sealed override string ToString() => $"GrainReference:{GrainId}{(InterfaceType.IsDefault ? "" : $":{InterfaceType}")}";

    string IFormattable.ToString(string? format, IFormatProvider? formatProvider) => ToString();

    bool ISpanFormattable.TryFormat(Span<char> destination, out int charsWritten, ReadOnlySpan<char> format, IFormatProvider? provider) =>
        destination.TryWrite($"{ToString()}", out charsWritten);

    // What the emitted proxy classes call; see ProxyEmitter.
    internal Task CallTask(int method, object?[] arguments) => Sender.Call(this, Shape.Methods[method], arguments);

    internal Task<T> CallTaskOf<T>(int method, object?[] arguments) => Result<T>(CallObject(method, arguments));

    internal ValueTask CallValueTask(int method, object?[] arguments) => new(CallTask(method, arguments));

    internal ValueTask<T> CallValueTaskOf<T>(int method, object?[] arguments) => new(CallTaskOf<T>(method, arguments));

    internal void CallVoid(int method, object?[] arguments) => _ = CallObject(method, arguments);

    private Task<object?> CallObject(int method, object?[] arguments) => Sender.Call(this, Shape.Methods[method], arguments);

    private static async Task<T> Result<T>(Task<object?> call) => await call is T result ? result : default!;

    public static bool operator ==(GrainReference? reference1, GrainReference? reference2) => reference1 is null ? reference2 is null : reference1.Equals(reference2);

    public static bool operator !=(GrainReference? reference1, GrainReference? reference2) => !(reference1 == reference2);
}
