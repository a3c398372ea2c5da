namespace InstanceTasks.Hypervisors;
