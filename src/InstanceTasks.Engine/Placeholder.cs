namespace InstanceTasks.Engine;
