"""OpenStack Swift with its S3 interface, all of it in one process, for tests.

Arguments: folder, port, access key (account:user), secret key.
"""
import ctypes
import os
import pwd
import signal
import subprocess
import sys

import eventlet

eventlet.monkey_patch(select=True, thread=True)

from eventlet import wsgi
from swift.common import storage_policy, utils
from swift.common.ring.builder import RingBuilder
from swift.common.wsgi import loadapp

FOLDER, PORT, ACCESS, SECRET = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
BACKENDS = ("account", "container", "object")
PLAIN_FILTERS = ("catch_errors", "gatekeeper", "listing_formats", "bulk", "copy", "slo", "dlo")
PR_SET_PDEATHSIG = 1


def configure():
    path = os.path.join(FOLDER, "swift.conf")
    with open(path, "w") as file:
        file.write(
            "[swift-hash]\nswift_hash_path_suffix = gatehouse\nswift_hash_path_prefix = tests\n"
            "[storage-policy:0]\nname = only\ndefault = yes\n"
        )
    utils.SWIFT_CONF_FILE = path
    storage_policy.reload_storage_policies()
    os.makedirs(os.path.join(FOLDER, "disks", "disk"), exist_ok=True)


def listen(port=0):
    return eventlet.listen(("127.0.0.1", port), backlog=512)


def write_ring(name, port):
    path = os.path.join(FOLDER, name + ".ring.gz")
    if os.path.exists(path):
        os.remove(path)
    builder = RingBuilder(4, 1, 0)
    device = {"id": 0, "region": 1, "zone": 1, "weight": 1, "ip": "127.0.0.1", "device": "disk", "port": port}
    builder.add_dev(device)
    builder.rebalance()
    builder.get_ring().save(path)


def start_memcached():
    probe = listen()
    port = probe.getsockname()[1]
    probe.close()
    libc = ctypes.CDLL(None)
    # Changing to another user would make it forget to end with its parent.
    user = pwd.getpwuid(os.getuid()).pw_name
    subprocess.Popen(
        ["memcached", "-l", "127.0.0.1", "-p", str(port), "-m", "16", "-t", "1", "-u", user],
        preexec_fn=lambda: libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL),
    )
    return port


def serve(name, socket, text):
    path = os.path.join(FOLDER, name + ".conf")
    with open(path, "w") as file:
        file.write(
            f"[DEFAULT]\nswift_dir = {FOLDER}\ndevices = {FOLDER}/disks\nmount_check = false\n"
            f"fallocate_reserve = 0\ndisable_fallocate = true\nworkers = 0\nbind_ip = 127.0.0.1\n{text}"
        )
    eventlet.spawn(wsgi.server, socket, loadapp(path), open(os.devnull, "w"), debug=False)


def main():
    configure()
    sockets = {name: listen() for name in BACKENDS}
    for name, socket in sockets.items():
        write_ring(name, socket.getsockname()[1])
    for name, socket in sockets.items():
        serve(name, socket, f"[pipeline:main]\npipeline = {name}-server\n[app:{name}-server]\nuse = egg:swift#{name}\n")
    filters = "".join(f"[filter:{name}]\nuse = egg:swift#{name}\n" for name in PLAIN_FILTERS)
    proxy = (
        "[pipeline:main]\n"
        "pipeline = catch_errors gatekeeper cache listing_formats s3api tempauth bulk copy slo dlo proxy-server\n"
        f"[app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n{filters}"
        f"[filter:cache]\nuse = egg:swift#memcache\nmemcache_servers = 127.0.0.1:{start_memcached()}\n"
        "[filter:s3api]\nuse = egg:swift#s3api\nlocation = us-east-1\n"
        f"[filter:tempauth]\nuse = egg:swift#tempauth\nuser_{ACCESS.replace(':', '_')} = {SECRET} .admin\n"
    )
    serve("proxy", listen(PORT), proxy)
    while True:
        eventlet.sleep(3600)


main()
