namespace InstanceTasks.TestKit;
