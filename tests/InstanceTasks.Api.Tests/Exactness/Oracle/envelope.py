"""What every answer has whatever its body is: request id, echo of the microversion, length and type of the body."""

import re

SOURCE = "nova-api §1.2, §1.3"

REQUEST_ID = re.compile(r"req-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\Z")


def problem(exchange):
    """What is wrong with the headers; None: nothing."""
    headers, version, has_body = exchange["headers"], "2.%d" % exchange["version"], bool(exchange["body"])
    if not REQUEST_ID.match(headers.get("x-openstack-request-id", "")):
        return "x-openstack-request-id is no request id"
    if headers.get("x-compute-request-id") != headers["x-openstack-request-id"]:
        return "x-compute-request-id is another id"
    if exchange["negotiated"]:
        if headers.get("x-openstack-nova-api-version") != version or headers.get("openstack-api-version") != "compute " + version:
            return "the microversion %s is not echoed" % version
        if headers.get("vary") != "OpenStack-API-Version, X-OpenStack-Nova-API-Version":
            return "Vary is '%s'" % headers.get("vary")
    elif "x-openstack-nova-api-version" in headers:
        return "a microversion is echoed though negotiation failed"
    if exchange["status"] == 204:
        return "204 with a body" if has_body else None
    if headers.get("content-length") != str(len(exchange["body"].encode())):
        return "content-length is '%s'" % headers.get("content-length")
    if has_body and headers.get("content-type") not in ("application/json", "application/json; charset=UTF-8"):
        return "content-type is '%s'" % headers.get("content-type")
    return None
