namespace InstanceTasks.Grains;
