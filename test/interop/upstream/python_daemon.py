"""Control server of remote_daemon.py for Pyro5's own daemon: shows that the tests pass as they do upstream.

Takes the directory of the upstream tests, and prints ``ready: URL``.
"""
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.path.insert(0, sys.argv[1])

import Pyro5.server  # noqa: E402
from test_server import NotEverythingExposedClass, ServerTestObject  # noqa: E402

daemons = {}


class Control(BaseHTTPRequestHandler):
    def do_POST(self):
        daemon = Pyro5.server.Daemon(port=0)
        daemon.register(ServerTestObject(), "something")
        daemon.register(NotEverythingExposedClass("hello"), "unexposed")
        loop = threading.Thread(target=daemon.requestLoop, daemon=True)
        loop.start()
        daemons[daemon.locationStr] = daemon, loop
        self.answer(daemon.locationStr)

    def do_DELETE(self):
        daemon, loop = daemons.pop(self.path[1:])
        daemon.shutdown()
        loop.join()
        self.answer("")

    def answer(self, text):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Control)
print(f"ready: http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
