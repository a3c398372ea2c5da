using InstanceTasks.Api.OpenApi;
using InstanceTasks.Api.Tests.OpenApi;

namespace InstanceTasks.Api.Tests.BadInput;

/// <summary>What a run is made against.</summary>
internal interface IBadInputTarget
{
    /// <summary>The well-formed requests that are spoiled.</summary>
    IReadOnlyList<DescribedRequest> Requests { get; }

    /// <summary>One of them as bytes, with a token and ids that are there.</summary>
    RawRequest Fill(DescribedRequest request);

    /// <summary>Before a request.</summary>
    void Before();

    /// <summary>After its answer: what is wrong with what it left; null: nothing.</summary>
    Task<string?> AfterAsync(RawRequest sent, RawAnswer answer);
}

/// <summary>Sends requests of a seed, each decided by the seed and its number alone, and judges every answer.</summary>
internal sealed class BadInputRun(IBadInputTarget target, CallDocs docs, Uri server, long seed)
{
    public const string SeedVariable = "INSTANCETASKS_BAD_INPUT_SEED";
    public const string NumberVariable = "INSTANCETASKS_BAD_INPUT_NUMBER";

    private const int MostProblems = 40;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly DocumentRules _documented = new(docs);
    private readonly List<DescribedRequest> _withBody = [.. target.Requests.Where(r => r.Body is not null)];
    private readonly SortedDictionary<string, SortedDictionary<int, int>> _statistics = new(StringComparer.Ordinal);

    /// <summary>What was wrong.</summary>
    public List<string> Problems { get; } = [];

    /// <summary>How many were sent.</summary>
    public int Sent { get; private set; }

    /// <summary>The seed of the environment, or today's.</summary>
    public static long SeedOfToday => long.Parse(Environment.GetEnvironmentVariable(SeedVariable) ?? TimeProvider.System.GetUtcNow().ToString("yyyyMMdd"));

    public async Task SendAsync(int count)
    {
        using var client = new RawClient(server, Patience);
        var only = Environment.GetEnvironmentVariable(NumberVariable) is { } number ? int.Parse(number) : (int?)null;
        for (var i = only ?? 0; i < (only + 1 ?? count) && Problems.Count < MostProblems; i++)
        {
            await SendOneAsync(client, i);
        }
    }

    /// <summary>Lines of family or mutation and statuses; 0: closed without an answer.</summary>
    public IEnumerable<string> Statistics(bool byMutation) => _statistics
        .GroupBy(s => byMutation ? s.Key : s.Key.Split(':')[0])
        .Select(g => $"{g.Key}: {string.Join(", ", g.SelectMany(s => s.Value).GroupBy(s => s.Key).OrderBy(s => s.Key).Select(s => $"{(s.Key == 0 ? "closed" : s.Key)} x {s.Sum(n => n.Value)}"))}");

    /// <summary>The mutations that were used.</summary>
    public IEnumerable<string> Used => _statistics.Keys;

    private async Task SendOneAsync(RawClient client, int number)
    {
        target.Before();
        var (mutation, original, sent) = Make(number);
        RawAnswer answer;
        try
        {
            answer = await client.SendAsync(sent);
        }
        catch (Exception e) when (e is TimeoutException or InvalidDataException or EndOfStreamException)
        {
            Problems.Add(Described(number, mutation, sent, e.Message));
            return;
        }

        if (mutation.MayBeNoHttp)
        {
            client.Dispose();
        }

        Sent++;
        Count(mutation, answer.Status);
        var left = await target.AfterAsync(sent, answer);
        if ((AnswerRules.ProblemOf(mutation, sent, answer) ?? left ?? _documented.ProblemOf(original.Described, original.Raw, sent, answer)) is { } problem)
        {
            Problems.Add(Described(number, mutation, sent, $"{problem}: {answer}"));
        }
    }

    private (Mutation, Original, RawRequest) Make(int number)
    {
        var random = new Random(unchecked((int)(seed * 1_000_003) + number));
        var mutation = Nasty.Pick(random, Nasty.Pick(random, Mutation.ByWeight));
        var described = Nasty.Pick(random, mutation.NeedsBody ? _withBody : target.Requests);
        var original = new Original(random, described, target.Fill(described), Nasty.Pick(random, target.Requests));
        var raw = mutation.Apply(original);
        if (mutation.MayBeNoHttp || random.Next(5) > 0)
        {
            return (mutation, original, raw);
        }

        var second = Nasty.Pick(random, [.. Mutation.All.Where(m => m is { NeedsBody: false, MayBeNoHttp: false, Family: not "body as text" })]);
        return (mutation, original, second.Apply(original with { Raw = raw }));
    }

    private string Described(int number, Mutation mutation, RawRequest sent, string problem) =>
        $"{SeedVariable}={seed} {NumberVariable}={number} ({mutation}): {problem}{Environment.NewLine}{sent}{Environment.NewLine}";

    private void Count(Mutation mutation, int status)
    {
        if (!_statistics.TryGetValue($"{mutation}", out var statuses))
        {
            _statistics[$"{mutation}"] = statuses = [];
        }

        statuses[status] = statuses.GetValueOrDefault(status) + 1;
    }
}
