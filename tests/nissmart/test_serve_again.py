"""`make run` goes on when its web server gives up, unless that never came to answer."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

SERVE = Path(__file__).resolve().parents[2] / ".ci/serve.py"

# A web server that writes down each start, answers for a second if it may, then ends with 3.
WEB = """
import pathlib, socket, sys, time
port, starts, answers = int(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3] == "1"
with starts.open("a") as file:
    file.write("x")
if answers:
    server = socket.create_server(("127.0.0.1", port))
    time.sleep(1)
sys.exit(3)
"""
# A worker that ends once the web server has been started a second time.
WORK = """
import pathlib, sys, time
starts = pathlib.Path(sys.argv[1])
for _tenth in range(300):
    time.sleep(0.1)
    if starts.exists() and starts.read_text() == "xx":
        break
"""
SUPERVISE = """
import importlib.util, sys
serve, port, starts, answers, web, work = sys.argv[1:]
spec = importlib.util.spec_from_file_location("serve", serve)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
commands = [
    [sys.executable, "-c", web, port, starts, answers], [sys.executable, "-c", work, starts]
]
sys.exit(module.supervise(commands, int(port)))
"""


@pytest.mark.parametrize(("answers", "starts"), [(True, "xx"), (False, "x")])
def test_a_web_server_that_had_answered_is_started_again(tmp_path, answers, starts):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    file = tmp_path / "starts"
    values = [SERVE, str(port), file, str(int(answers)), WEB, WORK]
    done = subprocess.run([sys.executable, "-c", SUPERVISE, *values], timeout=60, check=False)
    assert file.read_text() == starts
    if not answers:
        assert done.returncode == 3
