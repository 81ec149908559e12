"""
Types at a real shell, in a terminal of its own.

typed(command, env, setup, keys, end) starts the shell, runs the lines of `setup`, types `keys`, where a tab completes, and gives all that the
terminal showed from then on, up to the text `end`.
"""

import os
import pty
import select
import time

READY = "shell-is-ready"
DEADLINE_SECONDS = 60


def typed(command, env, setup, keys, end):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(command[0], command, {**os.environ, **env})
    try:
        # in two halves, so that the echo of the line is not taken for its output
        os.write(terminal, "\n".join([*setup, f"echo {READY[:5]}''{READY[5:]}", ""]).encode())
        read_until(terminal, READY)
        os.write(terminal, keys.encode())
        return read_until(terminal, end)
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(terminal)


def read_until(terminal, text):
    shown = b""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while text.encode() not in shown:
        ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError(f"the shell did not show {text!r}, but {shown.decode(errors='replace')!r}")
        shown += os.read(terminal, 4096)
    return shown.decode(errors="replace")
