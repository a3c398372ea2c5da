using InstanceTasks.Api.Wire;
using InstanceTasks.Engine;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace InstanceTasks.Api.Submitting;

/// <summary>Asks for tasks, and says what became of it in HTTP's words; what is certain when is the engine's matter.</summary>
internal sealed class TaskSubmitter(IComputeCommands commands, IJournal journal, DryRunAnswers dryRuns, IdempotencyKeys keys, TimeProvider time, IOptions<ApiOptions> options, ILogger<Submitter> log)
{
    // Not cancelled when the client goes away: the work may be done already, and its outcome decides about a tombstone.
    private readonly Submitter _submitter = new(request => commands.SubmitAsync(request, CancellationToken.None), journal, time, log)
    {
        Pause = options.Value.UnknownOutcomePause, AskAgainFor = options.Value.AskAgainFor, GiveUpAfter = options.Value.UnknownOutcomeTimeout,
    };

    /// <summary>Accepted, joined or replayed; anything else is a fault.</summary>
    /// <exception cref="EarlyAnswer">The call is a dry run.</exception>
    public async Task<AcceptAnswer> SubmitAsync(ApiCall call, SubmitTask request)
    {
        request = TaskTerms.Apply(call, request, time.GetUtcNow());
        if (call.IsDryRun || request.DryRun)
        {
            throw new EarlyAnswer(await dryRuns.AnswerAsync(call, request));
        }

        var outcome = await _submitter.SubmitAsync(request);
        return outcome switch
        {
            { Answer: { Verdict: AcceptVerdict.Refused } refused } =>
                throw Refusals.ToFault(refused.Refusal ?? new(RefusalKind.Invalid, "Refused."), call.Links, $"Instance {request.Instance} could not be found."),
            { Answer: { } answer } => answer,
            { Never: true } => throw ApiFault.Unavailable("The request could not be accepted in time. Nothing was changed, and nothing will be: it can be repeated."),
            _ => throw ApiFault.Unavailable($"The outcome is unknown: ask for task {request.Task} before you repeat the request.", ApiAnswer.TaskHeaders(call.Links, request.Task)),
        };
    }

    /// <summary>
    /// Asks for a task under the call's idempotency key, if it has one, and answers. The stored answer is the one given here: what
    /// <paramref name="planned"/> says before the task is accepted.
    /// </summary>
    /// <param name="call">The call; its body must have been read.</param>
    /// <param name="request">The request.</param>
    /// <param name="planned">The answer to give and to keep.</param>
    public async Task<ApiAnswer> AnswerOnceAsync(ApiCall call, SubmitTask request, ApiAnswer planned)
    {
        var (keyed, replay) = await keys.LookAsync(call);
        if (replay is not null)
        {
            return replay;
        }

        request = keyed is null ? request : request with { Idempotency = keyed.Claim(call.Caller, request.Task, planned.Status, planned.Body, null) };
        var answer = await SubmitAsync(call, request);
        return answer switch
        {
            { Verdict: AcceptVerdict.Replayed, Replay: { } stored } => await keys.ReplayAsync(call, stored),
            // Joining is no commit of anybody's: its key is recorded by itself.
            { Verdict: AcceptVerdict.Joined } when keyed is not null => await keys.RecordAsync(call, keyed, planned.WithTask(call.Links, answer.Task)),
            _ => planned.WithTask(call.Links, answer.Task),
        };
    }

    /// <summary>A request with what every kind needs.</summary>
    public static SubmitTask Request(ApiCall call, TaskKind kind, InstanceId instance) => new()
    {
        Task = TaskId.New(),
        Kind = kind,
        Instance = instance,
        Request = call.Request,
        Caller = call.Caller,
        QueueWhenBusy = QueuesWhenBusy(call),
    };

    /// <summary>Whether the caller would rather wait than be refused.</summary>
    public static bool QueuesWhenBusy(ApiCall call) => string.Equals(call.Header("When-Busy"), "queue", StringComparison.OrdinalIgnoreCase);
}
