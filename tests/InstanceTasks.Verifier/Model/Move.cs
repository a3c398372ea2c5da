namespace InstanceTasks.Verifier.Model;

/// <summary>What can happen.</summary>
internal enum MoveKind
{
    Submit = 0,
    WakeArrives = 1,
    Claim = 2,
    Learn = 3,
    Act = 4,
    ChooseHost = 5,
    NoRoom = 6,
    ShowDelay = 7,
    ShowProgress = 8,
    SettleLate = 9,
    LateSettleArrives = 10,
    LoseOffer = 11,
    Look = 12,
    Begin = 13,
    Effect = 14,
    Fail = 15,
    FailAfterEffect = 16,
    TimeOut = 17,
    NotBegun = 18,
    Abort = 19,
    Report = 20,
    DriftHappens = 21,
    DriftVanishes = 22,
    Command = 23,
    ForgetActivation = 24,
    WorkersDie = 25,
    QueueLost = 26,
    ProcessDies = 27,
    Split = 28,
    ClaimElsewhere = 29,
    LearnOnly = 30,
}

/// <summary>One step: who does what. The text follows from the situation before it.</summary>
internal sealed record Move(MoveKind Kind, int Slot, Fault Fault, TaskKind? Request = null, bool Queue = false, TaskCommandKind? Command = null, Ending Ending = Ending.None, Work? Work = null)
{
    public int Task => Slot / 2;

    public bool Other => Slot % 2 == 1;

    /// <summary>Somebody outside decides about it: nothing may depend on its happening.</summary>
    public bool IsChoice => Kind is MoveKind.Submit or MoveKind.Command;

    /// <summary>Always to be had, and what ends a person's pause: the ends of tasks may depend on it.</summary>
    public bool IsWayOut => Kind == MoveKind.Command && Command is TaskCommandKind.Resume or TaskCommandKind.Abandon;
}
