namespace InstanceTasks.Api.Auth;

/// <summary>What a rule asks for at least; each may all that those above it in this list may.</summary>
internal enum LeastRole
{
    /// <summary>Nothing: no identity is looked for.</summary>
    Anyone = 0,

    /// <summary>To have said who one is.</summary>
    Any = 1,

    /// <summary>To be the user whom it is about, or an administrator.</summary>
    User = 2,

    /// <summary>The role <c>reader</c> in the project.</summary>
    Reader = 3,

    /// <summary>The role <c>member</c> in the project.</summary>
    Member = 4,

    /// <summary>The role <c>manager</c> in the project.</summary>
    Manager = 5,

    /// <summary>The role <c>admin</c>, which counts in every project.</summary>
    Admin = 6,
}
