"""Pysher 1.0.8 (protocol 6, pings before it reads) listens on a public, a private and a presence channel; prints one line per thing that happens."""
import os
import sys
import threading

import pysher

port, key, secret = sys.argv[1:4]
client = pysher.Pusher(key, secret=secret, secure=False, custom_host="127.0.0.1", port=int(port), user_data={"user_id": "py", "user_info": {"name": "Py"}})
done = threading.Event()
heard = []
lock = threading.Lock()


def say(*words):
    with lock:
        print(*words, flush=True)


def listener(channel):
    def hear(data):
        say("heard", channel, data)
        with lock:
            heard.append(channel)
            if len(heard) == 3:
                done.set()

    return hear


def connected(data):
    for name in ["umum", "private-kelas", "presence-ruang"]:
        channel = client.subscribe(name)
        channel.bind("pusher_internal:subscription_succeeded", lambda data, name=name: say("joined", name, data))
        channel.bind("e", listener(name))


client.connection.bind("pusher:connection_established", connected)
client.connection.bind("pusher:error", lambda data: say("error", data))
client.connect()
if not done.wait(60):
    say("waited in vain")
    sys.exit(1)
client.disconnect()
# A timer of Pysher may have been started again meanwhile; it would keep the process alive for two minutes.
os._exit(0)
