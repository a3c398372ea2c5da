using System.Buffers;
using Orleans.Runtime;
using Orleans.Serialization.Wire;

namespace Orleans.Polyfill;

internal enum FrameKind : byte
{
    Hello = 1,
    Welcome = 2,
    Request = 3,
    Response = 4,
    Cancel = 5,
    Moved = 6,
    System = 7,
    Leaving = 8,
}

/// <summary>What is sent between processes. A frame's head is read by everyone it passes, its body only by the one it is for.</summary>
internal static class Frame
{
    public static byte[] Write(FrameKind kind, Action<WireWriter> head, ReadOnlySpan<byte> body = default)
    {
        var output = new ArrayBufferWriter<byte>(256 + body.Length);
        var writer = new WireWriter(output);
        writer.Byte((byte)kind);
        head(writer);
        output.Write(body);
        return output.WrittenSpan.ToArray();
    }

    public static byte[] Body(Action<WireWriter> body)
    {
        var output = new ArrayBufferWriter<byte>(256);
        body(new(output));
        return output.WrittenSpan.ToArray();
    }

    public static void Silo(this WireWriter writer, SiloAddress? silo) => writer.Text(silo?.ToParsableString() ?? "");

    public static SiloAddress? Silo(this WireReader reader) => reader.Text() is { Length: > 0 } text
        ? SiloAddress.TryParse(text, out var silo) ? silo : throw WireReader.Broken($"'{text}' is no silo's address")
        : null;
}

/// <summary>The first record of who connects: a silo, or a client without an address.</summary>
internal sealed record Hello(string Cluster, SiloAddress? Silo, SiloAddress Target)
{
    public byte[] Write() => Frame.Write(FrameKind.Hello, w =>
    {
        w.Text(Cluster);
        w.Silo(Silo);
        w.Silo(Target);
    });

    public static Hello Read(byte[] record)
    {
        var reader = new WireReader(record);
        return reader.Byte() == (byte)FrameKind.Hello
            ? new(reader.Text(), reader.Silo(), reader.Silo() ?? throw WireReader.Broken("nobody is greeted"))
            : throw WireReader.Broken("it does not begin with a greeting");
    }
}

/// <summary>The answer to a <see cref="Hello"/>.</summary>
internal sealed record Welcome(string? Refusal, bool TakenForDead)
{
    public byte[] Write() => Frame.Write(FrameKind.Welcome, w =>
    {
        w.Text(Refusal ?? "");
        w.Byte(TakenForDead ? (byte)1 : (byte)0);
    });

    public static Welcome Read(byte[] record)
    {
        var reader = new WireReader(record);
        return reader.Byte() == (byte)FrameKind.Welcome
            ? new(reader.Text() is { Length: > 0 } refusal ? refusal : null, reader.Byte() != 0)
            : throw WireReader.Broken("the answer to the greeting is none");
    }
}

/// <summary>A call on its way. <see cref="Body"/> has its context and arguments.</summary>
internal sealed record RequestFrame
{
    /// <summary>Number of the call at its caller; 0 when nobody waits for an answer.</summary>
    public required long Id { get; init; }

    /// <summary>The silo to answer; null from a client, whose gateway puts itself there.</summary>
    public required SiloAddress? Caller { get; init; }

    public required GrainId Target { get; init; }

    public required GrainId? Source { get; init; }

    public required string Interface { get; init; }

    public required string Method { get; init; }

    /// <summary>The version of the membership table that its sender knew.</summary>
    public int View { get; init; }

    public int Hops { get; init; }

    /// <summary>Not 0: the silo that keeps the grain's place has sent it to be run here, for the so-manieth time.</summary>
    public long Placed { get; init; }

    /// <summary>It is run wherever it arrives, at a test's wish.</summary>
    public bool Pinned { get; init; }

    /// <summary>Milliseconds after which its caller has given up; 0: never.</summary>
    public long TimeToLive { get; init; }

    public required ReadOnlyMemory<byte> Body { get; init; }

    public byte[] Write() => Frame.Write(FrameKind.Request, w =>
    {
        w.Signed(Id);
        w.Silo(Caller);
        WireLeaves.Write(w, Target);
        w.Byte(Source is null ? (byte)0 : (byte)1);
        if (Source is { } source)
        {
            WireLeaves.Write(w, source);
        }

        w.Text(Interface);
        w.Text(Method);
        w.Signed(View);
        w.Signed(Hops);
        w.Signed(Placed);
        w.Byte(Pinned ? (byte)1 : (byte)0);
        w.Signed(TimeToLive);
    }, Body.Span);

    public static RequestFrame Read(WireReader r) => new()
    {
        Id = r.Signed(),
        Caller = r.Silo(),
        Target = WireLeaves.ReadGrainId(r),
        Source = r.Byte() == 0 ? null : WireLeaves.ReadGrainId(r),
        Interface = r.Text(),
        Method = r.Text(),
        View = (int)r.Signed(),
        Hops = (int)r.Signed(),
        Placed = r.Signed(),
        Pinned = r.Byte() != 0,
        TimeToLive = r.Signed(),
        Body = r.Rest,
    };
}

/// <summary>The end of a call. <see cref="Body"/> has the result or the exception.</summary>
internal sealed record ResponseFrame(long Id, bool Failed, ReadOnlyMemory<byte> Body)
{
    public byte[] Write() => Frame.Write(FrameKind.Response, w =>
    {
        w.Signed(Id);
        w.Byte(Failed ? (byte)1 : (byte)0);
    }, Body.Span);

    public static ResponseFrame Read(WireReader reader) => new(reader.Signed(), reader.Byte() != 0, reader.Rest);

    public static ResponseFrame Of(long id, object? result, Exception? error)
    {
        try
        {
            return new(id, error is not null, Frame.Body(w => w.Value(error ?? result)));
        }
        catch (Serialization.SerializerException refused)
        {
            return new(id, true, Frame.Body(w => w.Value(refused)));
        }
    }
}

/// <summary>The caller has given up a call.</summary>
internal sealed record CancelFrame(long Id, SiloAddress? Caller, GrainId Target, int Hops)
{
    public byte[] Write() => Frame.Write(FrameKind.Cancel, w =>
    {
        w.Signed(Id);
        w.Silo(Caller);
        WireLeaves.Write(w, Target);
        w.Signed(Hops);
    });

    public static CancelFrame Read(WireReader reader) => new(reader.Signed(), reader.Silo(), WireLeaves.ReadGrainId(reader), (int)reader.Signed());
}

/// <summary>The caller's call was sent on to another silo.</summary>
internal sealed record MovedFrame(long Id, SiloAddress Silo)
{
    public byte[] Write() => Frame.Write(FrameKind.Moved, w =>
    {
        w.Signed(Id);
        w.Silo(Silo);
    });

    public static MovedFrame Read(WireReader reader) => new(reader.Signed(), reader.Silo() ?? throw WireReader.Broken("a call moved to nowhere"));
}

/// <summary>A call between silos themselves.</summary>
internal sealed record SystemFrame(long Id, string Operation, ReadOnlyMemory<byte> Body)
{
    public byte[] Write() => Frame.Write(FrameKind.System, w =>
    {
        w.Signed(Id);
        w.Text(Operation);
    }, Body.Span);

    public static SystemFrame Read(WireReader reader) => new(reader.Signed(), reader.Text(), reader.Rest);
}
