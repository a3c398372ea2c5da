"""A tour of Debian's unmodified openstacksdk: prints each call that did what it should, and ends with the first that did not.

Who asks is told by the usual OS_ variables; root's are the same with the project and user "admin" and "root".
"""
import os

import openstack


def cloud(user, project, **more):
    return openstack.connect(
        **more,
        auth_type="v3password", auth_url=os.environ["OS_AUTH_URL"], username=user, password=os.environ["OS_PASSWORD"], project_name=project,
        user_domain_id="default", project_domain_id="default", identity_api_version="3")


def did(call, is_right=True):
    if not is_right:
        raise AssertionError(call)
    print(f"did {call}", flush=True)


def becomes(compute, server, status):
    return compute.wait_for_server(compute.get_server(server), status=status, interval=0.2, wait=60)


def look_around(conn):
    compute = conn.compute
    did("flavors", [f.name for f in compute.flavors()][0] == "m1.tiny")
    did("find_flavor", compute.find_flavor("m1.tiny").vcpus == 1)
    did("get_flavor", compute.get_flavor("1").ram == 512)
    did("images", [i.name for i in conn.image.images()] == ["tiny"])
    did("availability_zones", [z.name for z in compute.availability_zones()] == ["nova"])
    did("get_limits", compute.get_limits().absolute.total_cores_used == 0)
    did("versions", conn.compute.get_endpoint_data().max_microversion == (2, 96))


def keys(compute):
    did("create_keypair", "PRIVATE KEY" in compute.create_keypair(name="key1").private_key)
    did("keypairs", [k.name for k in compute.keypairs()] == ["key1"])
    did("find_keypair", compute.find_keypair("key1").name == "key1")
    compute.delete_keypair("key1")
    did("delete_keypair", not list(compute.keypairs()))


def describe(compute, server):
    did("get_server", compute.get_server(server).name == "vm1")
    did("find_server", compute.find_server("vm1").id == server.id)
    did("servers", [s.id for s in compute.servers(name="vm1", status="ACTIVE")] == [server.id])
    did("servers with details=False", [s.id for s in compute.servers(details=False)] == [server.id])
    did("update_server", compute.update_server(server, name="vm2").name == "vm2")
    compute.set_server_metadata(server, purpose="tour")
    did("set_server_metadata", compute.get_server_metadata(server).metadata == {"purpose": "tour"})
    compute.delete_server_metadata(server, ["purpose"])
    did("delete_server_metadata", compute.get_server_metadata(server).metadata == {})
    did("server_interfaces", list(compute.server_interfaces(server)) == [])


def tag(server):
    # The SDK asks for tags at the default microversion.
    compute = cloud("ann", "demo", compute_default_microversion="2.26").compute
    server.add_tag(compute, "blue")
    did("add_tag", server.fetch_tags(compute).tags == ["blue"])
    server.remove_tag(compute, "blue")
    did("remove_tag", server.fetch_tags(compute).tags == [])


def act(compute, server):
    for call, status in (
        ("stop_server", "SHUTOFF"), ("start_server", "ACTIVE"), ("pause_server", "PAUSED"), ("unpause_server", "ACTIVE"), ("suspend_server", "SUSPENDED"),
        ("resume_server", "ACTIVE"), ("rescue_server", "RESCUE"), ("unrescue_server", "ACTIVE"), ("shelve_server", "SHELVED_OFFLOADED"), ("unshelve_server", "ACTIVE"),
    ):
        getattr(compute, call)(server)
        did(call, becomes(compute, server, status).status == status)
    for kind in ("SOFT", "HARD"):
        compute.reboot_server(server, kind)
        did(f"reboot_server {kind}", becomes(compute, server, "ACTIVE").status == "ACTIVE")
    for call, locked in (("lock_server", True), ("unlock_server", False)):
        getattr(compute, call)(server)
        did(call, compute.get_server(server).is_locked is locked)
    compute.change_server_password(server, "new sesame")
    did("change_server_password", becomes(compute, server, "ACTIVE").status == "ACTIVE")


def change(conn, server):
    compute = conn.compute
    for end, call, flavor in (("revert", "revert_server_resize", "m1.tiny"), ("confirm", "confirm_server_resize", "m1.small")):
        compute.resize_server(server, "2")
        did(f"resize_server, to {end}", becomes(compute, server, "VERIFY_RESIZE").status == "VERIFY_RESIZE")
        getattr(compute, call)(server)
        did(call, becomes(compute, server, "ACTIVE").flavor["original_name"] == flavor)
    image = compute.create_server_image(server, "snap1", wait=True, timeout=60)
    did("create_server_image", image.status == "active")
    rebuilt = compute.rebuild_server(server, name="vm3", image=image.id)
    did("rebuild_server", becomes(compute, rebuilt, "ACTIVE").name == "vm3")
    conn.image.delete_image(image)


def operate(root, server):
    compute = root.compute
    did("servers with all_projects", server.id in [s.id for s in compute.servers(all_projects=True)])
    did("services", {s.status for s in compute.services()} == {"enabled"})
    did("hypervisors", len(list(compute.hypervisors(details=True))) > 0)
    did("aggregates", list(compute.aggregates()) == [])
    did("create_server_group", compute.create_server_group(name="apart", policy="anti-affinity").policy == "anti-affinity")
    did("server_groups", [g.name for g in compute.server_groups()] == ["apart"])
    compute.delete_server_group(compute.find_server_group("apart"))
    did("delete_server_group", not list(compute.server_groups()))
    compute.reset_server_state(server, "error")
    did("reset_server_state", compute.get_server(server).status == "ERROR")
    did("get_quota_set", compute.get_quota_set("demo").cores == -1)
    did("create_flavor", compute.create_flavor(name="m1.nano", ram=64, vcpus=1, disk=1).ram == 64)
    compute.delete_flavor(compute.find_flavor("m1.nano"))
    did("delete_flavor", compute.find_flavor("m1.nano") is None)


def main():
    ann = cloud("ann", "demo")
    look_around(ann)
    keys(ann.compute)
    image = next(ann.image.images())
    server = ann.compute.create_server(name="vm1", flavor_id="1", image_id=image.id, networks="none", metadata={})
    did("create_server", becomes(ann.compute, server, "ACTIVE").status == "ACTIVE")
    describe(ann.compute, server)
    tag(server)
    act(ann.compute, server)
    change(ann, server)
    operate(cloud("root", "admin"), server)
    ann.compute.delete_server(server)
    ann.compute.wait_for_delete(server, interval=0.2, wait=60)
    did("delete_server", not list(ann.compute.servers()))


main()
