namespace InstanceTasks.Engine;

/// <summary>Set the administrator's password in the guest.</summary>
internal static class ChangePasswordPlan
{
    public static readonly Plan V1 = new()
    {
        Kind = TaskKinds.ChangePassword,
        TaskState = "updating_password",
        NovaAction = "changePassword",
        Steps =
        [
            new()
            {
                Name = "set-password", Do = Verb.SetPassword, NoUndoBecause = "nobody knows the password before", Cancel = Cancellability.PastNoReturn,
                Secret = SecretNames.AdminPassword, NovaEvent = "compute_set_admin_password",
            },
        ],
    };
}
