using System.Collections.Immutable;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace InstanceTasks.Architecture.Tests.Metadata;

/// <summary>One mention of a type, or of one of its members, somewhere in a type.</summary>
/// <param name="User">Full name of the outermost type that mentions it: closures and state machines count as their owner.</param>
/// <param name="Place">The method or field, or the type itself.</param>
/// <param name="Type">Full name of what is mentioned.</param>
/// <param name="Member">The member that is called, read or written; null when only the type is named.</param>
/// <param name="Generated">Whether a source generator wrote the place.</param>
internal sealed record Use(string User, string Place, string Type, string? Member, bool Generated);

/// <summary>All that an assembly mentions: signatures, base types, interfaces, and the tokens in its method bodies.</summary>
internal sealed class AssemblyUses
{
    private AssemblyUses(string assembly, IReadOnlyList<string> references, IReadOnlyList<Use> all) => (Assembly, References, All) = (assembly, references, all);

    public string Assembly { get; }

    /// <summary>Names of the assemblies that it refers to.</summary>
    public IReadOnlyList<string> References { get; }

    public IReadOnlyList<Use> All { get; }

    public static AssemblyUses Read(string path)
    {
        using var stream = File.OpenRead(path);
        using var file = new PEReader(stream);
        var reader = file.GetMetadataReader();
        var uses = new HashSet<Use>();
        foreach (var handle in reader.TypeDefinitions)
        {
            new TypeScan(file, reader, handle, uses).Run();
        }

        return new AssemblyUses(
            reader.GetString(reader.GetAssemblyDefinition().Name),
            [.. reader.AssemblyReferences.Select(handle => reader.GetString(reader.GetAssemblyReference(handle).Name))],
            [.. uses]);
    }
}

/// <summary>Collects what one type definition mentions.</summary>
internal sealed class TypeScan(PEReader file, MetadataReader reader, TypeDefinitionHandle handle, HashSet<Use> uses)
{
    private readonly MentionedTypes mentioned = new();
    private readonly string user = Names.Outermost(reader, handle);
    private string place = "";
    private bool generated;

    public void Run()
    {
        var type = reader.GetTypeDefinition(handle);
        place = Names.Full(reader, handle);
        generated = IsGenerated(type.GetCustomAttributes());
        Mention(type.BaseType);
        foreach (var implementation in type.GetInterfaceImplementations())
        {
            Mention(reader.GetInterfaceImplementation(implementation).Interface);
        }

        foreach (var field in type.GetFields().Select(reader.GetFieldDefinition))
        {
            Mention(field.DecodeSignature(mentioned, null));
        }

        foreach (var method in type.GetMethods().Select(reader.GetMethodDefinition))
        {
            Scan(method, IsGenerated(type.GetCustomAttributes()));
        }
    }

    private void Scan(MethodDefinition method, bool typeIsGenerated)
    {
        place = $"{Names.Full(reader, handle)}.{reader.GetString(method.Name)}";
        generated = typeIsGenerated || IsGenerated(method.GetCustomAttributes());
        Mention(method.DecodeSignature(mentioned, null));
        if (method.RelativeVirtualAddress == 0)
        {
            return;
        }

        var body = file.GetMethodBody(method.RelativeVirtualAddress);
        if (!body.LocalSignature.IsNil)
        {
            foreach (var local in reader.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(mentioned, null))
            {
                Mention(local);
            }
        }

        foreach (var token in IlTokens.Read(body.GetILReader()))
        {
            Mention(token);
        }
    }

    private void Mention(MethodSignature<ImmutableArray<string>> signature)
    {
        Mention(signature.ReturnType);
        foreach (var parameter in signature.ParameterTypes)
        {
            Mention(parameter);
        }
    }

    private void Mention(ImmutableArray<string> types, string? member = null)
    {
        foreach (var type in types)
        {
            uses.Add(new Use(user, place, type, member, generated));
        }
    }

    private void Mention(EntityHandle token)
    {
        switch (token.Kind)
        {
            case HandleKind.TypeReference or HandleKind.TypeDefinition or HandleKind.TypeSpecification:
                Mention(TypeOf(token));
                break;
            case HandleKind.MethodDefinition:
                var method = reader.GetMethodDefinition((MethodDefinitionHandle)token);
                Mention([Names.Full(reader, method.GetDeclaringType())], reader.GetString(method.Name));
                break;
            case HandleKind.FieldDefinition:
                var field = reader.GetFieldDefinition((FieldDefinitionHandle)token);
                Mention([Names.Full(reader, field.GetDeclaringType())], reader.GetString(field.Name));
                break;
            case HandleKind.MethodSpecification:
                var instance = reader.GetMethodSpecification((MethodSpecificationHandle)token);
                Mention(instance.Method);
                Mention([.. instance.DecodeSignature(mentioned, null).SelectMany(argument => argument)]);
                break;
            case HandleKind.MemberReference:
                MentionMember(reader.GetMemberReference((MemberReferenceHandle)token));
                break;
        }
    }

    private void MentionMember(MemberReference member)
    {
        if (member.Parent.Kind is HandleKind.TypeReference or HandleKind.TypeDefinition or HandleKind.TypeSpecification)
        {
            var owner = TypeOf(member.Parent);
            Mention(owner);
            Mention([.. owner.Take(1)], reader.GetString(member.Name));
        }

        if (member.GetKind() == MemberReferenceKind.Method)
        {
            Mention(member.DecodeMethodSignature(mentioned, null));
        }
        else
        {
            Mention(member.DecodeFieldSignature(mentioned, null));
        }
    }

    private ImmutableArray<string> TypeOf(EntityHandle token) => token switch
    {
        { IsNil: true } => [],
        { Kind: HandleKind.TypeReference } => [Names.Full(reader, (TypeReferenceHandle)token)],
        { Kind: HandleKind.TypeDefinition } => [Names.Full(reader, (TypeDefinitionHandle)token)],
        _ => reader.GetTypeSpecification((TypeSpecificationHandle)token).DecodeSignature(mentioned, null),
    };

    private bool IsGenerated(CustomAttributeHandleCollection attributes) =>
        attributes.Select(reader.GetCustomAttribute).Any(attribute => attribute.Constructor.Kind == HandleKind.MemberReference
            && TypeOf(reader.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent) is ["System.CodeDom.Compiler.GeneratedCodeAttribute", ..]);
}
