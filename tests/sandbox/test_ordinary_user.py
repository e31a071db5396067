"""A sandbox started by a user who is not root; root tests it by becoming nobody.

Nobody may read everything here (a capability, not an identity), since the interpreter may live in
root's own directory.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NOBODY = 65_534
SCRIPT = """
import asyncio, json, os, subprocess, sys, tempfile
from pathlib import Path

import msgspec
from meshery.core.settings import BusSettings, Settings
from meshery.operations.platform import open_platform
from meshery.sandbox.pairs import close_pair, open_pair
from meshery.sandbox.service import SandboxService
from sandbox.running import running_sandbox
from fixtures.nats import NatsServer

async def main():
    home = Path(sys.argv[1])
    nats = NatsServer(home)
    nats.start()
    try:
        bus = BusSettings(url=nats.url, token_file=str(nats.token_file))
        settings = Settings(home=str(home), bus=bus)
        command = [sys.executable, "-m", "meshery.processes.supervisor_process"]
        command += ["--home", str(home)]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdin=pipe, stdout=pipe) as supervisor:
            supervisor.stdout.readline()
            async with open_platform(settings, role="worker", kinds={}) as platform:
                async with running_sandbox(platform, "learn"):
                    service = SandboxService(platform)
                    view = await service.get("learn")
                    answer = await service.request("learn", "service-a", path="/chain")
                    pair = await open_pair(
                        platform, "learn", name="one", app_instance="service-c-v1-0"
                    )
                    await close_pair(platform, "learn", "one")
            supervisor.stdin.close()
        print(json.dumps([os.getuid(), view.state, answer.status, len(pair.proxy_pids)]))
    finally:
        nats.stop()

asyncio.run(main())
"""


BECOME_NOBODY = (
    "setpriv",
    f"--reuid={NOBODY}",
    f"--regid={NOBODY}",
    "--clear-groups",
    "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search",
    "--",
)


def test_runs_without_being_root() -> None:
    home = Path(tempfile.mkdtemp(prefix="meshery-nobody-"))
    is_root = os.getuid() == 0
    if is_root:
        os.chown(home, NOBODY, NOBODY)
    try:
        done = subprocess.run(
            [*(BECOME_NOBODY if is_root else ()), sys.executable, "-c", SCRIPT, str(home)],
            env={
                "HOME": str(home),
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
                "TMPDIR": str(home),
            },
            cwd=home,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == [
            NOBODY if is_root else os.getuid(),
            "up",
            200,
            2,
        ]
    finally:
        shutil.rmtree(home)
