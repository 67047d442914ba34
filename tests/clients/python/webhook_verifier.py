"""What the vendor's SDK for Python (pusher 3.3.4) makes of a webhook whose body comes on stdin: prints the body it read, or null. The last argument is
how many seconds later it looks at it."""
import json
import sys
import time

import pusher

key, secret, sent_key, signature, later_s = sys.argv[1:6]
real_time = time.time
time.time = lambda: real_time() + float(later_s)
client = pusher.Pusher(app_id="1", key=key, secret=secret)
print(json.dumps(client.validate_webhook(sent_key, signature, sys.stdin.buffer.read().decode())))
