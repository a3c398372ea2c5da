namespace InstanceTasks.Storage;
