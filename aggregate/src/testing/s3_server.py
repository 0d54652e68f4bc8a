"""Serves S3 by moto on a free port of this machine, prints the port, and ends once its standard input closes. Where a file
with a certificate and its key is named, it speaks TLS.

One thread answers one request after the other: moto looks whether a condition holds and then puts, in two steps, and in
one thread nobody comes in between.
"""

import json
import os
import sys
import threading

from werkzeug.serving import make_server

users = json.loads(sys.argv[1])
certificate = (sys.argv[2],) * 2 if len(sys.argv) > 2 else None
if users:
    # From the first request on, each must be signed, and allowed.
    os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "0"

from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends

keys = []
for name, policy, bucket in users:
    s3_backends["123456789012"]["aws"].create_bucket(bucket, "eu-north-1")
    iam = iam_backends["123456789012"]["aws"]
    iam.create_user("us-east-1", name)
    iam.put_user_policy(name, "store", json.dumps(policy))
    key = iam.create_access_key(name)
    keys.append([key.access_key_id, key.secret_access_key])

threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=False, ssl_context=certificate)
print(json.dumps({"port": server.server_port, "keys": keys}), flush=True)
server.serve_forever()
