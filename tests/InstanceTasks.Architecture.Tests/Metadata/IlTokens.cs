using System.Collections.Frozen;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;

namespace InstanceTasks.Architecture.Tests.Metadata;

/// <summary>The metadata tokens in a method body, in order.</summary>
internal static class IlTokens
{
    private static readonly FrozenDictionary<ushort, OpCode> OpCodesByValue = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToFrozenDictionary(code => unchecked((ushort)code.Value));

    public static List<EntityHandle> Read(BlobReader body)
    {
        var tokens = new List<EntityHandle>();
        while (body.RemainingBytes > 0)
        {
            var code = ReadOpCode(ref body);
            if (code.OperandType is OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType)
            {
                tokens.Add(MetadataTokens.EntityHandle(body.ReadInt32()));
            }
            else
            {
                Skip(ref body, code.OperandType);
            }
        }

        return tokens;
    }

    private static OpCode ReadOpCode(ref BlobReader body)
    {
        ushort value = body.ReadByte();
        const byte twoBytes = 0xFE;
        return OpCodesByValue[value == twoBytes ? (ushort)((value << 8) | body.ReadByte()) : value];
    }

    private static void Skip(ref BlobReader body, OperandType operand)
    {
        var length = operand switch
        {
            OperandType.InlineNone => 0,
            OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
            OperandType.InlineVar => 2,
            OperandType.InlineI8 or OperandType.InlineR => 8,
            OperandType.InlineSwitch => 4 * body.ReadInt32(),
            _ => 4,
        };
        body.Offset += length;
    }
}
