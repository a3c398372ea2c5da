using System.Collections;
using System.Runtime.CompilerServices;

namespace Orleans.Serialization.Wire;

/// <summary>Exceptions: message, result code, stack, inner ones, data, and marked members.</summary>
internal static class WireFailures
{
    public static object Read(WireReader reader, int slot)
    {
        var (name, type) = reader.Type();
        var usable = type is not null && typeof(Exception).IsAssignableFrom(type) && !type.IsAbstract && ExceptionCopy.MayTravel(type);
        var (message, result, stack) = (reader.Text(), (int)reader.Signed(), reader.Text());
        var inner = ReadInner(reader);
        var made = usable ? Make(type!, inner) : new OrleansException($"{name}: {message}");
        reader.Record(slot, made);
        ExceptionCopy.Fill(made, usable ? message : $"{name}: {message}", result, stack.Length == 0 ? null : stack);
        ExceptionCopy.SetInner(made, inner.FirstOrDefault());
        ReadData(reader, made);
        // What of an exception is not known here is left out: half of a failure says more than none.
        WireMembers.Read(reader, usable && CopyPlans.IsMarked(type!) ? type : null, made);
        return made;
    }

    private static Exception Make(Type type, List<Exception> inner) =>
        type == typeof(AggregateException) ? new AggregateException(inner) : (Exception)RuntimeHelpers.GetUninitializedObject(type);

    private static List<Exception> ReadInner(WireReader reader)
    {
        var inner = new List<Exception>();
        for (var left = reader.Count(); left > 0; left--)
        {
            if (reader.Any() is Exception one)
            {
                inner.Add(one);
            }
        }

        return inner;
    }

    private static void ReadData(WireReader reader, Exception made)
    {
        for (var left = reader.Count(); left > 0; left--)
        {
            var (key, value) = (reader.Any(), reader.Any());
            if (key is not (null or UnknownValue) && value is not UnknownValue)
            {
                made.Data[key] = value;
            }
        }
    }

    public sealed class Codec(Type type) : WireCodec(isTracked: true)
    {
        private readonly List<MemberCopy.Member> members = CopyPlans.IsMarked(type) ? MemberCopy.Members(type) : [];

        public override void Write(WireWriter writer, object value)
        {
            var error = (Exception)value;
            writer.Kind(WireKind.Failure);
            writer.Type(type);
            writer.Text(error.Message);
            writer.Signed(error.HResult);
            writer.Text(error.StackTrace ?? "");
            IReadOnlyList<Exception> inner = error is AggregateException several ? several.InnerExceptions : error.InnerException is { } one ? [one] : [];
            writer.Number(inner.Count);
            foreach (var cause in inner)
            {
                writer.Value(cause);
            }

            writer.Number(error.Data.Count);
            foreach (DictionaryEntry entry in error.Data)
            {
                writer.Value(entry.Key);
                writer.Value(entry.Value);
            }

            WireMembers.Write(writer, members, error);
        }
    }
}
