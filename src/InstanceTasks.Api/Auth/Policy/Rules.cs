namespace InstanceTasks.Api.Auth;

/// <summary>The rules that are asked for inside calls; each has a line in <c>policy.txt</c>.</summary>
internal static class Rules
{
    public const string AllTenants = "servers:index:get_all_tenants";
    public const string DeletedServers = "servers:index:deleted";
    public const string AllFilters = "servers:allow_all_filters";
    public const string HostStatus = "servers:show:host_status";
    public const string FaultDetails = "servers:show:fault_details";
    public const string ExtendedAttributes = "os-extended-server-attributes";
    public const string ActionEvents = "os-instance-actions:events";
    public const string ActionEventDetails = "os-instance-actions:events:details";
    public const string UnshelveToHost = "os-shelve:unshelve_to_host";
    public const string TasksOfAllProjects = "tasks:index:all_projects";
    public const string TasksOfHost = "tasks:index:host";
    public const string TaskHosts = "tasks:show:host";
    public const string TaskFailureDetails = "tasks:show:failure_details";
    public const string BulkInAllProjects = "tasks:create:all_projects";
    public const string BulkOnHost = "tasks:create:host";
    public const string HighPriority = "tasks:priority:high";
    public const string MigrationsOfAllProjects = "os-migrations:index:all_projects";
    public const string MigrationHosts = "os-migrations:index:host";
    public const string GroupsOfAllProjects = "os-server-groups:index:all_projects";
    public const string LimitsOfOthers = "limits:other_project";
    public const string CloudCounts = "dashboard:counts";
    public const string StoredState = "dashboard:stored";
}
