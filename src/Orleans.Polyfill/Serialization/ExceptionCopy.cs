using System.Collections;
using System.Runtime.CompilerServices;

namespace Orleans.Serialization;

/// <summary>Exceptions travel when their namespace is System, Microsoft or Azure, or when they are marked: message, stack, inner, HResult, data and marked members.</summary>
internal static class ExceptionCopy
{
    private static readonly string[] Prefixes = ["System", "Microsoft", "Azure"];

    public static CopyPlan PlanFor(Type type)
    {
        var marked = CopyPlans.IsMarked(type);
        if (!MayTravel(type))
        {
            throw CopyPlans.NotFound(type);
        }

        if (type == typeof(AggregateException))
        {
            return new(static (value, context) => Base(value, new AggregateException(((AggregateException)value).InnerExceptions.Select(context.Copy)), context));
        }

        var members = marked ? MemberCopy.Members(type) : [];
        return new((value, context) =>
        {
            var copy = Base(value, (Exception)RuntimeHelpers.GetUninitializedObject(type), context);
            foreach (var member in members)
            {
                member.Write(copy, context.CopyObject(member.Read(value)));
            }

            return copy;
        });
    }

    /// <summary>The exception as the other side may see it: itself, or what says that it may not travel.</summary>
    public static Exception Travel(Exception error)
    {
        try
        {
            return (Exception)CopyContext.CopyRoot(error)!;
        }
        catch (CodecNotFoundException refused)
        {
            return refused;
        }
    }

    public static bool MayTravel(Type type) =>
        CopyPlans.IsMarked(type) || Prefixes.Any(p => type.Namespace is { } name && name.StartsWith(p, StringComparison.Ordinal));

    /// <summary>Gives an exception what its constructor would not take.</summary>
    public static void Fill(Exception target, string message, int result, string? stack)
    {
        Message(target) = message;
        HResult(target) = result;
        Stack(target) = stack;
    }

    public static void SetInner(Exception target, Exception? inner) => Inner(target) = inner;

    private static Exception Base(object value, Exception copy, CopyContext context)
    {
        var source = (Exception)value;
        context.Record(source, copy);
        Fill(copy, source.Message, source.HResult, source.StackTrace);
        SetInner(copy, context.Copy(source.InnerException));
        foreach (DictionaryEntry entry in source.Data)
        {
            copy.Data[context.CopyObject(entry.Key)!] = context.CopyObject(entry.Value);
        }

        return copy;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_message")]
    private static extern ref string? Message(Exception target);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_innerException")]
    private static extern ref Exception? Inner(Exception target);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_HResult")]
    private static extern ref int HResult(Exception target);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_remoteStackTraceString")]
    private static extern ref string? Stack(Exception target);
}
