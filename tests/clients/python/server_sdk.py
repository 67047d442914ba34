"""The vendor's server SDK for Python (pusher 3.3.4) against the server; prints what went wrong and fails, or prints `ok` per call."""
import json
import sys

import pusher
from pusher.errors import PusherBadAuth, PusherBadRequest

port, app_id, key, secret = sys.argv[1:5]
client = pusher.Pusher(app_id=app_id, key=key, secret=secret, host="127.0.0.1", port=int(port), ssl=False)


def expect(name, found, wanted):
    assert found == wanted, f"{name}: {found!r} instead of {wanted!r}"
    print("ok", name)


expect("trigger", client.trigger("berita", "terbit", {"judul": "é"}), {})
expect("trigger several", client.trigger(["a", "b"], "e", "", "1.2"), {})
batch = [{"channel": "a", "name": "e", "data": "x"}, {"channel": "b", "name": "e", "data": {"n": 1}}]
expect("trigger_batch", client.trigger_batch(batch), {})
expect("channels_info", client.channels_info(), {"channels": {}})
expect("channels_info with filter", client.channels_info("presence-", ["user_count"]), {"channels": {}})
expect("channel_info", client.channel_info("presence-a", ["user_count"]), {"occupied": False, "user_count": 0})
expect("users_info", client.users_info("presence-a"), {"users": []})
expect("terminate_user_connections", client.terminate_user_connections("ana"), {})
expect("send_to_user", client.send_to_user("ana", "halo", {"a": 1}), {})
stranger = pusher.Pusher(app_id=app_id, key=key, secret="salah", host="127.0.0.1", port=int(port), ssl=False)
for name, wrong, call in [
    ("a wrong secret", PusherBadAuth, lambda: stranger.trigger("a", "e", "")),
    ("a wrong attribute", PusherBadRequest, lambda: client.channel_info("a", ["user_count"])),
]:
    try:
        call()
    except wrong:
        print("ok", name)
    else:
        raise AssertionError(f"{name} was taken")
print(json.dumps(client.authenticate_user("1.2", {"id": "ana"})))
