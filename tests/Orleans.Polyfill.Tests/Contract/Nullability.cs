using System.Collections.Immutable;
using System.Reflection.Metadata;

namespace Orleans.Polyfill.Tests.Contract;

/// <summary>
/// Reads what the compiler stores about nullable references: for each type in a signature one digit per place that can be null
/// (0 unknown, 1 not null, 2 maybe null), outermost first. A difference is a warning for whoever uses it, and warnings are errors here.
/// </summary>
internal static class Nullability
{
    private const string Explicit = "System.Runtime.CompilerServices.NullableAttribute";
    private const string Context = "System.Runtime.CompilerServices.NullableContextAttribute";

    /// <summary>The result first, then each parameter.</summary>
    public static IReadOnlyList<string> Of(MetadataReader reader, MethodDefinition method)
    {
        var places = method.DecodeSignature(Places.Instance, null);
        var context = ContextOf(reader, method.GetCustomAttributes()) ?? ContextOf(reader, method.GetDeclaringType());
        var attributes = method.GetParameters().Select(reader.GetParameter).ToDictionary(parameter => parameter.SequenceNumber, parameter => parameter.GetCustomAttributes());
        return [.. places.ParameterTypes.Prepend(places.ReturnType).Select((count, index) => Digits(reader, attributes.TryGetValue(index, out var own) ? own : default(CustomAttributeHandleCollection?), context, count))];
    }

    public static IReadOnlyList<string> Of(MetadataReader reader, FieldDefinition field) =>
        [Digits(reader, field.GetCustomAttributes(), ContextOf(reader, field.GetDeclaringType()), field.DecodeSignature(Places.Instance, null))];

    /// <summary>Whether the two agree wherever both say something.</summary>
    public static bool Agree(IReadOnlyList<string> ours, IReadOnlyList<string> theirs) => ours.Count == theirs.Count && ours.Zip(theirs).All(pair =>
        pair.First.Length != pair.Second.Length || pair.First.Zip(pair.Second).All(digits => digits.First == digits.Second || digits.First == '0' || digits.Second == '0'));

    private static string Digits(MetadataReader reader, CustomAttributeHandleCollection? attributes, byte context, int places)
    {
        var own = attributes is { } present ? TypeReading.Attribute(reader, present, Explicit) : null;
        if (own is not { } attribute)
        {
            return new string((char)('0' + context), places);
        }

        var blob = reader.GetBlobReader(attribute.Value);
        blob.Offset = sizeof(ushort);
        const int lengthWithOneByte = 5;
        if (blob.Length == lengthWithOneByte)
        {
            return new string((char)('0' + blob.ReadByte()), places);
        }

        var digits = new char[blob.ReadInt32()];
        for (var index = 0; index < digits.Length; index++)
        {
            digits[index] = (char)('0' + blob.ReadByte());
        }

        return new string(digits);
    }

    private static byte ContextOf(MetadataReader reader, TypeDefinitionHandle handle)
    {
        for (; !handle.IsNil; handle = reader.GetTypeDefinition(handle).GetDeclaringType())
        {
            if (ContextOf(reader, reader.GetTypeDefinition(handle).GetCustomAttributes()) is { } context)
            {
                return context;
            }
        }

        return 0;
    }

    private static byte? ContextOf(MetadataReader reader, CustomAttributeHandleCollection attributes) =>
        TypeReading.Attribute(reader, attributes, Context) is { } attribute ? reader.GetBlobBytes(attribute.Value)[sizeof(ushort)] : null;

    // How many places of a type have a digit: references, arrays and type parameters, and generic value types (always 0).
    private sealed class Places : ISignatureTypeProvider<int, object?>
    {
        private const byte Class = 0x12;

        public static Places Instance { get; } = new();

        public int GetArrayType(int elementType, ArrayShape shape) => 1 + elementType;

        public int GetByReferenceType(int elementType) => elementType;

        public int GetFunctionPointerType(MethodSignature<int> signature) => 1 + signature.ReturnType + signature.ParameterTypes.Sum();

        public int GetGenericInstantiation(int genericType, ImmutableArray<int> typeArguments) => 1 + typeArguments.Sum();

        public int GetGenericMethodParameter(object? genericContext, int index) => 1;

        public int GetGenericTypeParameter(object? genericContext, int index) => 1;

        public int GetModifiedType(int modifier, int unmodifiedType, bool isRequired) => unmodifiedType;

        public int GetPinnedType(int elementType) => elementType;

        public int GetPointerType(int elementType) => elementType;

        public int GetPrimitiveType(PrimitiveTypeCode typeCode) => typeCode is PrimitiveTypeCode.String or PrimitiveTypeCode.Object ? 1 : 0;

        public int GetSZArrayType(int elementType) => 1 + elementType;

        public int GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => rawTypeKind == Class ? 1 : 0;

        public int GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind) => rawTypeKind == Class ? 1 : 0;

        public int GetTypeFromSpecification(MetadataReader reader, object? genericContext, TypeSpecificationHandle handle, byte rawTypeKind) =>
            reader.GetTypeSpecification(handle).DecodeSignature(this, genericContext);
    }
}
