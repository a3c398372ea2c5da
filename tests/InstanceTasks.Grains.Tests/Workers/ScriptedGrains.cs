using System.Collections.Concurrent;

namespace InstanceTasks.Grains.Tests.Workers;

/// <summary>Answers in the place of tasks and hosts, so that a runner can be tested against every answer they can give.</summary>
internal sealed class ScriptedGrains : IIncomingGrainCallFilter
{
    public Func<Stamp, long, Task<BeginAnswer>> OnBegin { get; set; } = (_, _) => Task.FromResult(BeginAnswer.Granted);

    public Func<AttemptOutcome, Task> OnEnded { get; set; } = _ => Task.CompletedTask;

    public Func<PollRequest, Task<PollAnswer>> OnPoll { get; set; } = _ => Task.FromResult(new PollAnswer());

    public ConcurrentQueue<AttemptOutcome> Reports { get; } = new();

    public ConcurrentQueue<PollRequest> Polls { get; } = new();

    public Func<Task> OnConsoleAnswer { get; set; } = () => Task.CompletedTask;

    public ConcurrentQueue<(Guid Question, ConsoleAnswer Answer)> ConsoleAnswers { get; } = new();

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        switch (context.MethodName)
        {
            case nameof(ITaskGrain.Begin):
                context.Result = await OnBegin((Stamp)context.Request.GetArgument(0)!, (long)context.Request.GetArgument(1)!);
                break;
            case nameof(ITaskGrain.Ended):
                var outcome = (AttemptOutcome)context.Request.GetArgument(0)!;
                Reports.Enqueue(outcome);
                await OnEnded(outcome);
                context.Result = null!;
                break;
            case nameof(IHostGrain.Poll):
                var request = (PollRequest)context.Request.GetArgument(0)!;
                Polls.Enqueue(request);
                context.Result = await OnPoll(request);
                break;
            case nameof(IHostGrain.AnswerConsole):
                ConsoleAnswers.Enqueue(((Guid)context.Request.GetArgument(0)!, (ConsoleAnswer)context.Request.GetArgument(1)!));
                await OnConsoleAnswer();
                context.Result = null!;
                break;
            default:
                await context.Invoke();
                break;
        }
    }
}
