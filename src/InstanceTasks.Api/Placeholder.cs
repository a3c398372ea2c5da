namespace InstanceTasks.Api;
