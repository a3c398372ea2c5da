using InstanceTasks.Engine;

namespace InstanceTasks.Storage;

/// <summary>Numbers of the event stream: the cluster epoch above, a counter below (design §5).</summary>
internal static class StreamPlaces
{
    private const int CounterBits = 40;

    /// <summary>
    /// Within the newest epoch the counter knows; of an earlier one, what is left of it, or was until a purge. Before the first epoch there was nothing to lose.
    /// </summary>
    public const string HasComeToSql =
        """
        SELECT @place <= c.last_id AND (@place < 1099511627776 OR @next > c.last_id OR @place <= r.stream_from OR @place <= coalesce((SELECT max(stream_id) FROM task_events WHERE stream_id < @next), 0)) FROM stream_counter c, retention r
        """;

    /// <summary>From where on nothing is missing.</summary>
    public const string CompleteFromSql = "SELECT stream_from FROM retention";

    /// <summary>To be asked after the rows behind a place were read: what had been purged by then is known now.</summary>
    /// <exception cref="PlaceGoneException">Some of them had been, or have been since.</exception>
    public static void CheckIsComplete(long after, long first)
    {
        if (after < first)
        {
            throw PlaceGoneException.Of(after, first);
        }
    }

    /// <summary>The parameters of <see cref="HasComeToSql"/>.</summary>
    public static object Parameters(long place) => new { place, next = ((place >> CounterBits) + 1) << CounterBits };
}
