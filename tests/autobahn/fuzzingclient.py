# Runs Autobahn's fuzzing client: `python2.7 fuzzingclient.py SPEC.json`. Python 2.7, because the test suite is. No TLS here: the test that calls this
# brings a tunnel, so what is only needed for TLS (pyOpenSSL, cryptography) or by Autobahn's own tests (unittest2) is replaced by what is there.
import json
import sys
import types
import unittest

import twisted.internet

sys.modules["unittest2"] = unittest
twisted.internet.ssl = sys.modules["twisted.internet.ssl"] = types.ModuleType("twisted.internet.ssl")
twisted.internet.ssl.ClientContextFactory = lambda: None

from autobahntestsuite import fuzzing  # noqa: E402
from twisted.internet import reactor  # noqa: E402
from twisted.python import log  # noqa: E402

log.startLogging(sys.stdout)
with open(sys.argv[1]) as spec:
    fuzzing.startClient(json.load(spec))
reactor.run()
