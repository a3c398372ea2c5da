using InstanceTasks.CrashMatrix.Cells;
using InstanceTasks.Engine;

namespace InstanceTasks.CrashMatrix.Faults;

/// <summary>The fault that a cell arms.</summary>
internal static class FaultFactory
{
    /// <summary>At the cell's point.</summary>
    public static PointFault For(MatrixCell cell, FaultBoard board) => cell.Fault switch
    {
        MatrixFault.RunTwice when cell.IsControl => new CommitTwiceFault(),
        MatrixFault.RunTwice => new RunTwiceFault(),
        MatrixFault.Fail when cell.IsControl => new NoRoomFault(),
        MatrixFault.Fail => new FailFault(),
        MatrixFault.ReplyLost when cell.Point.IsAccept => new AnswerLostFault(),
        MatrixFault.ReplyLost => new ReplyLostFault(),
        MatrixFault.ReplyTwice when cell.Point.IsAccept => new RequestTwiceFault(),
        MatrixFault.ReplyTwice => new ReplyTwiceFault(),
        MatrixFault.LateReply => new LateReplyFault(),
        MatrixFault.StoreFailure => new StoreFailureFault(),
        MatrixFault.StoreUnknown => new StoreUnknownFault(),
        MatrixFault.SecondActivation => new SecondActivationFault(),
        MatrixFault.Cancel or MatrixFault.Pause or MatrixFault.Supersede => new StandstillFault(),
        var crash => new CrashFault(crash, board.Over),
    };

    /// <summary>What turns the task round.</summary>
    public static PointFault ForTurn(Step step, Turn turn) => turn.ByCancel ? new StandstillFault() : step.OnHost ? new FailFault() : new NoRoomFault();
}
