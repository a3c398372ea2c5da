using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Orleans.Polyfill.Tests.Contract;

/// <summary>A member that code outside the assembly can use.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Key">Name, arity, parameter types and result: what a compiled reference names.</param>
/// <param name="Parameters">Names and defaults of the parameters: what a source reference may rely on, too.</param>
/// <param name="Constraints">Constraints of its generic parameters.</param>
internal sealed record ApiMember(string Name, string Key, IReadOnlyList<string> Parameters, string Constraints)
{
    public bool IsPublic { get; init; }

    public bool IsStatic { get; init; }

    public bool IsOverride { get; init; }

    public bool IsOverridable { get; init; }

    public bool IsAbstract { get; init; }

    public bool IsObsolete { get; init; }

    public bool IsExperimental { get; init; }

    public bool IsRequired { get; init; }

    /// <summary>What may be null; see <see cref="Contract.Nullability"/>.</summary>
    public IReadOnlyList<string> Nullability { get; init; } = [];

    /// <summary>Value of a constant; null for anything else.</summary>
    public string? Constant { get; init; }
}

/// <summary>A type that code outside the assembly can use.</summary>
internal sealed record ApiType(string Name, string Kind, string Base, IReadOnlyList<string> Interfaces, IReadOnlyList<ApiMember> Members)
{
    public bool IsSealed { get; init; }

    public bool IsAbstract { get; init; }

    public bool IsExperimental { get; init; }

    public string Constraints { get; init; } = "";

    /// <summary>For an attribute: where it may stand; empty when it does not say so itself.</summary>
    public string Usage { get; init; } = "";
}

/// <summary>A member of another assembly that an assembly was compiled against.</summary>
internal sealed record ApiReference(string Type, string Name, string Key, int Parameters);

/// <summary>What assemblies offer, read from their metadata without loading them: their dependencies may be missing.</summary>
internal sealed class PublicApi
{
    public Dictionary<string, ApiType> Types { get; } = new(StringComparer.Ordinal);

    /// <summary>Types of other assemblies that these assemblies mention, with the assembly each is expected in.</summary>
    public Dictionary<string, string> Elsewhere { get; } = new(StringComparer.Ordinal);

    /// <summary>The types with the assemblies that have them: mostly one, but static classes of extension methods share names.</summary>
    public HashSet<(string Type, string Assembly)> Homes { get; } = [];

    public HashSet<ApiReference> References { get; } = [];

    public static PublicApi Read(params IEnumerable<string> paths)
    {
        var api = new PublicApi();
        foreach (var path in paths)
        {
            using var stream = File.OpenRead(path);
            using var file = new PEReader(stream);
            api.Add(file.GetMetadataReader());
        }

        return api;
    }

    private void Add(MetadataReader reader)
    {
        var assembly = reader.GetString(reader.GetAssemblyDefinition().Name);
        foreach (var handle in reader.TypeDefinitions.Where(handle => TypeReading.IsVisible(reader, handle)))
        {
            var type = TypeReading.Read(reader, handle);
            Types[type.Name] = Types.TryGetValue(type.Name, out var namesake) ? type with { Members = [.. namesake.Members, .. type.Members] } : type;
            Homes.Add((type.Name, assembly));
        }

        foreach (var handle in reader.TypeReferences)
        {
            var scope = reader.GetTypeReference(handle).ResolutionScope;
            if (scope.Kind == HandleKind.AssemblyReference)
            {
                Elsewhere[SignatureText.Name(reader, handle)] = reader.GetString(reader.GetAssemblyReference((AssemblyReferenceHandle)scope).Name);
            }
        }

        foreach (var member in reader.MemberReferences.Select(reader.GetMemberReference).Where(member => member.GetKind() == MemberReferenceKind.Method && member.Parent.Kind == HandleKind.TypeReference))
        {
            var name = reader.GetString(member.Name);
            var signature = member.DecodeMethodSignature(SignatureText.Instance, null);
            References.Add(new ApiReference(SignatureText.Name(reader, member.Parent), name, TypeReading.Key(name, signature), signature.ParameterTypes.Length));
        }
    }
}

/// <summary>Reads one type definition.</summary>
internal static class TypeReading
{
    public static bool IsVisible(MetadataReader reader, TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        return (type.Attributes & TypeAttributes.VisibilityMask) switch
        {
            TypeAttributes.Public => true,
            TypeAttributes.NestedPublic or TypeAttributes.NestedFamily or TypeAttributes.NestedFamORAssem => IsVisible(reader, type.GetDeclaringType()),
            _ => false,
        };
    }

    public static ApiType Read(MetadataReader reader, TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        var parent = SignatureText.Name(reader, type.BaseType);
        return new ApiType(SignatureText.Name(reader, handle), KindOf(type, parent), parent, Interfaces(reader, type), Members(reader, type))
        {
            IsSealed = type.Attributes.HasFlag(TypeAttributes.Sealed),
            IsAbstract = type.Attributes.HasFlag(TypeAttributes.Abstract),
            IsExperimental = Has(reader, type.GetCustomAttributes(), "System.Diagnostics.CodeAnalysis.ExperimentalAttribute"),
            Constraints = Constraints(reader, type.GetGenericParameters()),
            Usage = Attribute(reader, type.GetCustomAttributes(), "System.AttributeUsageAttribute") is { } usage ? UsageText(reader.GetBlobReader(usage.Value)) : "",
        };
    }

    public static string Key(string name, MethodSignature<string> signature) =>
        $"{signature.ReturnType} {name}{(signature.GenericParameterCount > 0 ? $"`{signature.GenericParameterCount}" : "")}({string.Join(", ", signature.ParameterTypes)})";

    private static string KindOf(TypeDefinition type, string parent) => parent switch
    {
        _ when type.Attributes.HasFlag(TypeAttributes.Interface) => "interface",
        "System.Enum" => "enum",
        "System.ValueType" => "struct",
        "System.MulticastDelegate" => "delegate",
        _ => "class",
    };

    private static List<string> Interfaces(MetadataReader reader, TypeDefinition type) =>
        [.. type.GetInterfaceImplementations().Select(reader.GetInterfaceImplementation).Where(implementation => IsOffered(reader, implementation.Interface)).Select(implementation => SignatureText.Name(reader, implementation.Interface))];

    // An interface that nobody outside can name promises nothing.
    private static bool IsOffered(MetadataReader reader, EntityHandle handle) => handle.Kind switch
    {
        HandleKind.TypeDefinition => IsVisible(reader, (TypeDefinitionHandle)handle),
        HandleKind.TypeSpecification => reader.TypeDefinitions.Where(definition => !IsVisible(reader, definition))
            .All(definition => !SignatureText.Name(reader, handle).StartsWith($"{SignatureText.Name(reader, definition)}<", StringComparison.Ordinal)),
        _ => true,
    };

    private static List<ApiMember> Members(MetadataReader reader, TypeDefinition type)
    {
        var members = type.GetMethods().Select(reader.GetMethodDefinition).Where(IsOffered).Select(method => Read(reader, method)).ToList();
        members.AddRange(type.GetFields().Select(reader.GetFieldDefinition).Where(IsOffered).Select(field => Read(reader, field)));
        members.AddRange(type.GetProperties().Select(reader.GetPropertyDefinition).Where(property => IsOffered(reader, property)).Select(property => Read(reader, property)));
        return members;
    }

    private static bool IsOffered(MethodDefinition method) =>
        (method.Attributes & MethodAttributes.MemberAccessMask) is MethodAttributes.Public or MethodAttributes.Family or MethodAttributes.FamORAssem;

    private static bool IsOffered(FieldDefinition field) =>
        (field.Attributes & FieldAttributes.FieldAccessMask) is FieldAttributes.Public or FieldAttributes.Family or FieldAttributes.FamORAssem
        && !field.Attributes.HasFlag(FieldAttributes.RTSpecialName);

    private static bool IsOffered(MetadataReader reader, PropertyDefinition property) =>
        property.GetAccessors() is var accessors && new[] { accessors.Getter, accessors.Setter }.Any(handle => !handle.IsNil && IsOffered(reader.GetMethodDefinition(handle)));

    private static ApiMember Read(MetadataReader reader, MethodDefinition method)
    {
        var name = reader.GetString(method.Name);
        var attributes = method.GetCustomAttributes();
        return new ApiMember(name, Key(name, method.DecodeSignature(SignatureText.Instance, null)), Parameters(reader, method), Constraints(reader, method.GetGenericParameters()))
        {
            Nullability = Nullability.Of(reader, method),
            IsPublic = (method.Attributes & MethodAttributes.MemberAccessMask) == MethodAttributes.Public,
            IsStatic = method.Attributes.HasFlag(MethodAttributes.Static),
            IsOverride = method.Attributes.HasFlag(MethodAttributes.Virtual) && !method.Attributes.HasFlag(MethodAttributes.NewSlot),
            IsOverridable = method.Attributes.HasFlag(MethodAttributes.Virtual) && !method.Attributes.HasFlag(MethodAttributes.Final),
            IsAbstract = method.Attributes.HasFlag(MethodAttributes.Abstract),
            // The compiler marks a constructor as obsolete for old compilers when the type has required members.
            IsObsolete = Has(reader, attributes, "System.ObsoleteAttribute") && !Has(reader, attributes, "System.Runtime.CompilerServices.CompilerFeatureRequiredAttribute"),
            IsExperimental = Has(reader, attributes, "System.Diagnostics.CodeAnalysis.ExperimentalAttribute"),
        };
    }

    private static ApiMember Read(MetadataReader reader, FieldDefinition field)
    {
        var name = reader.GetString(field.Name);
        return new ApiMember(name, $"field {field.DecodeSignature(SignatureText.Instance, null)} {name}", [], "")
        {
            Nullability = Nullability.Of(reader, field),
            IsPublic = (field.Attributes & FieldAttributes.FieldAccessMask) == FieldAttributes.Public,
            IsStatic = field.Attributes.HasFlag(FieldAttributes.Static),
            IsObsolete = Has(reader, field.GetCustomAttributes(), "System.ObsoleteAttribute"),
            Constant = Constant(reader, field.GetDefaultValue()),
        };
    }

    // The accessors are methods of their own; the property carries what belongs to both.
    private static ApiMember Read(MetadataReader reader, PropertyDefinition property)
    {
        var name = reader.GetString(property.Name);
        return new ApiMember(name, $"property {name}", [], "")
        {
            IsPublic = true,
            IsObsolete = Has(reader, property.GetCustomAttributes(), "System.ObsoleteAttribute"),
            IsRequired = Has(reader, property.GetCustomAttributes(), "System.Runtime.CompilerServices.RequiredMemberAttribute"),
        };
    }

    private static List<string> Parameters(MetadataReader reader, MethodDefinition method) =>
        [.. method.GetParameters().Select(reader.GetParameter).Where(parameter => parameter.SequenceNumber > 0).OrderBy(parameter => parameter.SequenceNumber)
            .Select(parameter => reader.GetString(parameter.Name) + (parameter.Attributes.HasFlag(ParameterAttributes.Optional) ? $" = {Constant(reader, parameter.GetDefaultValue()) ?? "default"}" : "")
                + (parameter.Attributes.HasFlag(ParameterAttributes.Out) ? " (out)" : ""))];

    private static string? Constant(MetadataReader reader, ConstantHandle handle)
    {
        if (handle.IsNil)
        {
            return null;
        }

        var constant = reader.GetConstant(handle);
        return reader.GetBlobReader(constant.Value).ReadConstant(constant.TypeCode)?.ToString() ?? "null";
    }

    private static string Constraints(MetadataReader reader, GenericParameterHandleCollection parameters) => string.Join("; ", parameters
        .Select(reader.GetGenericParameter)
        .Select(parameter => string.Join(", ", parameter.GetConstraints().Select(reader.GetGenericParameterConstraint).Select(constraint => SignatureText.Name(reader, constraint.Type))
            .Append($"{parameter.Attributes & GenericParameterAttributes.SpecialConstraintMask}").Order(StringComparer.Ordinal))));

    // After two bytes of prologue: the targets, the number of named arguments, and each as kind, type, name and value (all are booleans).
    private static string UsageText(BlobReader blob)
    {
        blob.Offset = sizeof(ushort);
        var targets = (AttributeTargets)blob.ReadInt32();
        var named = new SortedDictionary<string, bool>(StringComparer.Ordinal) { ["AllowMultiple"] = false, ["Inherited"] = true };
        for (var left = blob.ReadUInt16(); left > 0; left--)
        {
            blob.Offset += 2 * sizeof(byte);
            named[blob.ReadSerializedString()!] = blob.ReadBoolean();
        }

        return $"{targets}; {string.Join("; ", named.Select(argument => $"{argument.Key} = {argument.Value}"))}";
    }

    private static bool Has(MetadataReader reader, CustomAttributeHandleCollection attributes, string name) => Attribute(reader, attributes, name) is not null;

    public static CustomAttribute? Attribute(MetadataReader reader, CustomAttributeHandleCollection attributes, string name)
    {
        foreach (var attribute in attributes.Select(reader.GetCustomAttribute))
        {
            var type = attribute.Constructor.Kind == HandleKind.MemberReference
                ? SignatureText.Name(reader, reader.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent)
                : SignatureText.Name(reader, reader.GetMethodDefinition((MethodDefinitionHandle)attribute.Constructor).GetDeclaringType());
            if (type == name)
            {
                return attribute;
            }
        }

        return null;
    }
}
