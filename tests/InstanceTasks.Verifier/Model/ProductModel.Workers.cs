using InstanceTasks.Engine;
using InstanceTasks.Hypervisors.Simulated;

namespace InstanceTasks.Verifier.Model;

/// <content>What hosts, workers and the hypervisor do, and what dies.</content>
internal sealed partial class ProductModel
{
    private void Workers(Work work)
    {
        switch (work.Place)
        {
            case Place.Queued:
                Begins(work);
                break;
            case Place.Running:
                Runs(work);
                break;
            case Place.Ended:
                Reports(work);
                break;
            default:
                Try(new Move(MoveKind.DriftHappens, work.Task * 2, Fault.None, Work: work), draft => Drift(draft, work));
                Try(new Move(MoveKind.DriftVanishes, work.Task * 2, Fault.None, Work: work), draft => draft.Works.Remove(work));
                break;
        }
    }

    // With two activations the worker may reach either.
    private void Begins(Work work)
    {
        for (var slot = work.Task * 2; slot <= (work.Task * 2) + 1; slot++)
        {
            var asked = slot;
            if (slot % 2 == 0 || _now.Activations[slot] is not null)
            {
                Try(new Move(MoveKind.Begin, slot, Fault.None, Work: work), draft => Begin(draft, asked, work));
            }
        }
    }

    private bool Begin(Draft draft, int slot, Work work)
    {
        if (draft.World.Fence.IsAbove(work.Stamp) || draft.Activations[slot] is not { Flight: { } flight } activation || !rules.Begin(draft.Memory(slot), flight, work.Stamp))
        {
            return draft.Works.Remove(work);
        }

        var row = draft.Rows[work.Task]!;
        Ensure(draft.Memory(slot).Intent != TaskIntent.Supersede, Property.EffectsInOrder, $"task {work.Task + 1} knows that it is superseded, and an attempt of it begins");
        Ensure(row.Turn > 0, Property.EffectsInOrder, $"task {work.Task + 1} has given the machine back ({row.State}), and an attempt of it begins");
        draft.Activations[slot] = activation with { Flight = flight with { Begun = true } };
        draft.Replace(work, work with { Place = Place.Running });
        return true;
    }

    private void Runs(Work work)
    {
        var slot = work.Task * 2;
        if (_now.World.Fence.IsAbove(work.Stamp))
        {
            Try(new Move(MoveKind.Abort, slot, Fault.None, Work: work), draft => End(draft, work, Ending.Aborted));
        }

        Try(new Move(MoveKind.Effect, slot, Fault.None, Work: work), draft => Effect(draft, work, Ending.Succeeded));
        foreach (var ending in new[] { Ending.Retryable, Ending.Final })
        {
            Try(new Move(MoveKind.Fail, slot, Fault.Failure, Ending: ending, Work: work), draft => End(draft, work, ending));
            Try(new Move(MoveKind.FailAfterEffect, slot, Fault.Failure, Ending: ending, Work: work), draft => Effect(draft, work, ending));
        }

        Try(new Move(MoveKind.TimeOut, slot, Fault.Failure, Work: work), draft => TimeOut(draft, work));
        Try(new Move(MoveKind.NotBegun, slot, Fault.Delay, Work: work), draft => End(draft, work, Ending.NotBegun));
    }

    private static bool End(Draft draft, Work work, Ending ending)
    {
        draft.Replace(work, work with { Place = Place.Ended, Ending = ending });
        return true;
    }

    /// <summary>The worker gives up waiting; the hypervisor may do it all the same.</summary>
    private bool TimeOut(Draft draft, Work work)
    {
        if (draft.Works.Count >= bounds.Attempts)
        {
            throw new BeyondBoundsException();
        }

        End(draft, work, Ending.TimedOut);
        SetAdrift(draft, work);
        return true;
    }

    /// <summary>Nobody waits for it any more. If the hypervisor has begun with it, it may do it later; if it was refused, or waited for older work to end, there is nothing left of it.</summary>
    private static void SetAdrift(Draft draft, Work work)
    {
        if (draft.World.Floor.IsAbove(work.Stamp) || (work.FenceFirst && draft.Works.Exists(w => w.Place == Place.Adrift && w.Stamp < work.Stamp)))
        {
            return;
        }

        draft.Works.Add(work with { Place = Place.Adrift });
        draft.World = draft.World with { Floor = new Floor(work.Task, work.Stamp) };
    }

    private bool Effect(Draft draft, Work work, Ending ending)
    {
        if (draft.World.Floor.IsAbove(work.Stamp))
        {
            return End(draft, work, Ending.Fenced);
        }

        var older = draft.Works.Find(w => w.Place is Place.Running or Place.Adrift && w.Stamp < work.Stamp);
        if (work.FenceFirst && older is { Place: Place.Adrift })
        {
            // The hypervisor's fence returns when that has ended.
            return false;
        }

        Ensure(work.FenceFirst || older is null, Property.EffectsInOrder, $"an effect of task {work.Task + 1} begins while an older attempt of task {older?.Task + 1} may still have effects");
        draft.World = draft.World with { Floor = new Floor(work.Task, work.Stamp) };
        if (work.Observe && IsDone(draft, work) && draft.World.IsAsAfter(work.Verb))
        {
            return End(draft, work, Ending.Succeeded);
        }

        if (!draft.World.Allows(work.Verb))
        {
            return End(draft, work, Ending.Impossible);
        }

        Happen(draft, work);
        return End(draft, work, ending == Ending.Succeeded && !IsAsNeeded(draft, work) ? Ending.Impossible : ending);
    }

    // A verb that converged on no machine, or on another power state than its step needs: the task's actor takes that for a failure.
    private static bool IsAsNeeded(Draft draft, Work work) =>
        work.Direction == Direction.Undo || IsAsNeeded(PlanRegistry.Of(draft.Rows[work.Task]!).Steps[work.Step], draft.World.Machine);

    private static bool IsAsNeeded(Step step, MachineState machine) =>
        (!step.NeedsMachine || machine.Defined) && (step.Leaves is not { } needed || machine.Power == needed);

    private void Happen(Draft draft, Work work)
    {
        draft.World = draft.World.After(work.Verb, work.Task, work.Direction);
        if (IsCurrent(draft, work))
        {
            draft.World = draft.World.WithDone(work.Task, true);
        }

        Coverage.Effects.Add((draft.Rows[work.Task]!.Kind, PlanRegistry.Of(draft.Rows[work.Task]!).Steps[work.Step].Name, work.Direction));
    }

    private static bool IsCurrent(Draft draft, Work work) =>
        draft.Rows[work.Task] is { } row && row.Step == work.Step && row.Phase == (work.Direction == Direction.Do ? TaskPhase.Forward : TaskPhase.Undo);

    // A step that the task has passed was done.
    private static bool IsDone(Draft draft, Work work) => !IsCurrent(draft, work) || draft.World.Done(work.Task);

    private bool Drift(Draft draft, Work work)
    {
        draft.Works.Remove(work);
        if (draft.World.Allows(work.Verb))
        {
            Happen(draft, work);
        }

        return true;
    }

    private void Reports(Work work)
    {
        for (var slot = work.Task * 2; slot <= (work.Task * 2) + 1; slot++)
        {
            var told = slot;
            if (slot % 2 == 0 || _now.Activations[slot] is not null)
            {
                Try(new Move(MoveKind.Report, slot, Fault.None, Work: work), draft => Report(draft, told, work));
            }
        }
    }

    private bool Report(Draft draft, int slot, Work work)
    {
        Coverage.Endings.Add(work.Ending);
        draft.Works.Remove(work);
        if (draft.Activations[slot] is { Flight: { } flight } activation && flight.Stamp == work.Stamp)
        {
            var nothing = work.Ending == Ending.NotBegun && !flight.Stopping;
            draft.Activations[slot] = activation with { Flight = null, Outcome = nothing ? Ending.None : work.Ending };
        }

        return true;
    }

    private void Crashes()
    {
        for (var slot = 0; slot < 4; slot++)
        {
            var gone = slot;
            if (_now.Activations[slot] is not null)
            {
                Try(new Move(MoveKind.ForgetActivation, slot, Fault.Crash), draft => Forget(draft, gone));
            }

            if (slot % 2 == 0 && _now.Activations[slot] is not null && _now.Activations[slot + 1] is null)
            {
                Try(new Move(MoveKind.Split, slot, Fault.Split), draft => Split(draft, gone));
            }
        }

        Try(new Move(MoveKind.WorkersDie, 0, Fault.Crash), WorkersDie);
        Try(new Move(MoveKind.QueueLost, 0, Fault.Crash), draft => draft.Works.RemoveAll(w => w.Place == Place.Queued) > 0);
        Try(new Move(MoveKind.ProcessDies, 0, Fault.Crash), ProcessDies);
    }

    private static bool Forget(Draft draft, int slot)
    {
        draft.Activations[slot] = null;
        return true;
    }

    private static bool Split(Draft draft, int slot)
    {
        draft.Activations[slot + 1] = draft.Activations[slot];
        draft.Activations[slot] = null;
        draft.World = draft.World with { Split = true };
        return true;
    }

    private static bool WorkersDie(Draft draft)
    {
        var running = draft.Works.Where(w => w.Place == Place.Running).ToList();
        var gone = draft.Works.RemoveAll(w => w.Place is Place.Ended or Place.Running);
        running.ForEach(w => SetAdrift(draft, w));
        return gone > 0;
    }

    private static bool ProcessDies(Draft draft)
    {
        WorkersDie(draft);
        draft.Works.RemoveAll(w => w.Place == Place.Queued);
        Array.Clear(draft.Activations);
        Array.Clear(draft.Wakes);
        draft.World = draft.World with { Fence = default };
        return true;
    }
}
