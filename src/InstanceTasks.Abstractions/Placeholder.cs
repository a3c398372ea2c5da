namespace InstanceTasks.Abstractions;
