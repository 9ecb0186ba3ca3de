import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2

from langchain_modelrouter.config import RouterConfig
from langchain_modelrouter.simulator import FAULTS

Run = Callable[..., Any]

_CALL = {"model": "Qwen3-32B", "messages": [{"role": "user", "content": "hi"}]}


@contextmanager
def simulating(tmp_path: Path, *arguments: str) -> Iterator[tuple["subprocess.Popen[str]", Path]]:
    """Run `modelrouter simulate` in a process of its own; gives it and the file that it has printed."""
    printed, remarks = tmp_path / "simulated.yaml", tmp_path / "stderr.txt"
    code = "from langchain_modelrouter.cli.main import main; main()"
    command = [sys.executable, "-c", code, "simulate", "--speed", "inf", *arguments]
    with printed.open("w") as out, remarks.open("w") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, text=True)
    try:
        while not printed.read_text().endswith("\n"):
            assert process.poll() is None, remarks.read_text()
            time.sleep(0.05)
        yield process, printed
    finally:
        process.kill()
        process.wait()


def test_what_it_prints_is_a_configuration_that_it_serves(tmp_path: Path) -> None:
    with simulating(tmp_path, "--fault", "rate_limited:nebius") as (process, printed):
        config = RouterConfig.load(printed)
        assert config.preset == RouterConfig.builtin().preset
        assert config.providers["sambanova"].api_key_env is None
        url = f"{config.providers['sambanova'].base_url}/chat/completions"
        assert httpx2.post(url, json=_CALL).json()["simulated"] is True
        nebius = {**_CALL, "model": config.models["nebius-llama-8b"].api_name}
        url = f"{config.providers['nebius'].base_url}/chat/completions"
        assert httpx2.post(url, json=nebius).status_code == 429
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(10) == 0
    remarks = (tmp_path / "stderr.txt").read_text()
    assert "No answer is a model's" in remarks
    assert "Served 2 simulated requests, 1 of them with a fault" in remarks


def test_it_lists_the_faults(run: Run) -> None:
    assert "hang_before_first_token" in run("simulate", "--list-faults").stdout
    assert json.loads(run("simulate", "--list-faults", "--json").stdout).keys() == FAULTS.keys()


def test_what_it_cannot_do_is_one_line(run: Run) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        for arguments, problem in [
            (["--port", port], f"--port: {port} cannot be served on"),
            (["--fault", "rate_limitd"], "Did you mean 'rate_limited'?"),
            (["--fault", "slow:sambanovo"], "Did you mean 'sambanova'?"),
            (["--speed", "0"], "speed: 0.0 is not above 0"),
        ]:
            result = run("simulate", *arguments)
            assert result.exit_code == 2
            assert problem in result.stderr
            assert len(result.stderr.splitlines()) == 1
