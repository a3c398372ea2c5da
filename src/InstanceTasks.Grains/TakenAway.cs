namespace InstanceTasks.Grains;

/// <summary>
/// Orleans ends activations by itself, too: on a living silo all those whose place in its directory was on a silo that has died. What such an activation was to do later
/// nobody else does before it is due.
/// </summary>
internal static class TakenAway
{
    /// <summary>Whether an activation ends although it has something to do; at a stop of the silo the others see to it.</summary>
    public static bool Is(DeactivationReason reason) => reason.ReasonCode is not (DeactivationReasonCode.ShuttingDown or DeactivationReasonCode.ApplicationRequested or DeactivationReasonCode.ActivationIdle);
}
