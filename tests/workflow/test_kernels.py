"""Kernels from the server: as fresh as others, apart from each other, and gone when they should."""

import contextlib
import errno
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import nbformat
import pandas as pd
import psutil
import pytest
import zmq
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from harmlib.workflow import execution, kernel_server, kernels, pipeline
from harmlib.workflow.execution import StepFailed
from harmlib.workflow.import_graph import ImportGraph
from harmlib.workflow.kernels import KernelServer
from harmlib.workflow.preload import NOT_AHEAD, preload
from harmlib.workflow.steps import Step

pytestmark = [
    pytest.mark.skipif(not kernels.CAN_FORK, reason="kernels are forked on Linux only"),
    pytest.mark.usefixtures("closed_event_loop"),
]

STATE = """
import json, locale, os, random, signal, sys, warnings
import matplotlib, numpy as np, pandas, sklearn, torch
print(json.dumps({
    "environ": {k: v for k, v in os.environ.items() if k != "JPY_PARENT_PID"},
    "parent": os.environ["JPY_PARENT_PID"] == str(os.getppid()),
    "path": sys.path, "cwd": os.getcwd(), "executable": sys.executable, "flags": list(sys.flags),
    "argv": [sys.argv[0], sys.argv[1], *sys.argv[3:]],
    "leads": [os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid()],
    "umask": os.umask(0o022), "nice": os.nice(0), "locale": locale.getlocale(),
    "signals": {s.name: str(signal.getsignal(s)) for s in signal.Signals},
    "stdin": os.read(0, 1).decode(), "main": __name__,
    "names": sorted(n for n in globals() if not n.startswith("_")),
    "filters": sorted({repr(f) for f in warnings.filters}),
    "backend": matplotlib.rcParams["backend"], "pandas": pandas.get_option("display.width"),
    "torch": [torch.get_num_threads(), torch.get_num_interop_threads()],
    "cuda": torch.cuda.is_initialized(),
}))
"""
TRAINING = """
import hashlib, torch
torch.manual_seed(5)
model = torch.nn.Sequential(torch.nn.Linear(300, 400), torch.nn.ReLU(), torch.nn.Linear(400, 1))
optimiser = torch.optim.Adam(model.parameters(), fused=True)
for _ in range(3):
    optimiser.zero_grad()
    model(torch.randn(512, 300)).square().mean().backward()
    optimiser.step()
weights = b"".join(p.detach().numpy().tobytes() for p in model.parameters())
print(hashlib.sha256(weights).hexdigest())
"""
RANDOM = """
import random, numpy as np, torch
print(random.random(), np.random.random(), torch.rand(1).item())
"""
DRAWING = """
import matplotlib.pyplot as plt
plt.plot([1, 2])
"""


def execute(manager, *cells, **options):
    """The printed text of each cell; of a drawing, the kinds of its data."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    client = NotebookClient(
        notebook, kernel_manager_class=manager, kernel_name="python3", **options
    )
    client.execute()
    return [
        "".join(o["text"] if "text" in o else " ".join(o.get("data", ())) for o in cell.outputs)
        for cell in notebook.cells
    ]


@pytest.fixture(scope="module")
def ahead():
    """What is imported ahead for the notebooks of a run."""
    graph, paths = ImportGraph(), sorted(execution.NOTEBOOKS.glob("0[0-4]*.ipynb"))
    return {path.stem: preload(path, graph) for path in paths}


@pytest.fixture(scope="module")
def server(ahead):
    with KernelServer({"02_train": ahead["02_train"]}) as server:
        yield server


@pytest.fixture(scope="module")
def states(server):
    """Of a forked kernel and of a usual one: its state, and what a training gives in it."""
    cells = [TRAINING, STATE]
    return execute(server.manager_class("02_train"), *cells), execute(AsyncKernelManager, *cells)


def test_a_forked_kernel_is_in_the_state_of_a_fresh_one(states):
    forked, usual = (json.loads(state) for _, state in states)
    filters = set(forked.pop("filters")), set(usual.pop("filters"))
    assert forked == usual
    assert filters[0] >= filters[1], "more has been imported, and nothing else is different"
    assert forked["parent"]


def test_training_gives_the_same_to_the_bit(states):
    (forked, _), (usual, _) = states
    assert len(forked) > 60
    assert forked == usual


def test_two_kernels_know_nothing_of_each_other(server):
    manager = server.manager_class("02_train")
    spoil = "import pandas, os; pandas.DataFrame = kept = 1; os.environ['X_SPOILT'] = '1'" + RANDOM
    look = "print('kept' in globals(), pandas.DataFrame, os.environ.get('X_SPOILT'))"
    drawn = [execute(manager, spoil)[0], execute(manager, RANDOM, "import pandas, os\n" + look)]
    assert drawn[1][1] == f"False {pd.DataFrame} None\n"
    numbers = [*drawn[0].split(), *drawn[1][0].split()]
    assert len(set(numbers)) == 6, "no generator starts where another kernel's did"


PORTS = """
import os, psutil
kinds = [c.status for c in psutil.Process(os.getpid()).net_connections("tcp")]
print(kinds.count("LISTEN"), get_ipython().kernel.session.key != b"")
"""


@pytest.mark.parametrize(("length", "most"), [(0, 1), (120, 6)])
def test_a_kernel_opens_no_port_that_was_chosen_before(ahead, tmp_path, monkeypatch, length, most):
    """One of its own is left. Where a path is too long for a socket, it has those of any kernel."""
    folder = tmp_path / ("x" * length)
    folder.mkdir(exist_ok=True)
    monkeypatch.setattr("tempfile.tempdir", str(folder) if length else "/tmp")
    with KernelServer({"00_data": ahead["00_data"]}) as server:
        (said,) = execute(server.manager_class("00_data"), PORTS)
    assert said == f"{most} True\n"


def test_where_no_socket_can_lie_a_kernel_has_ports(ahead, monkeypatch):
    class Unsupported(socket.socket):
        def bind(self, _):
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    def tried(family):
        assert family == socket.AF_UNIX
        tries.append(family)
        return Unsupported(family)

    tries = []
    stand_in = SimpleNamespace(socket=tried, AF_UNIX=socket.AF_UNIX)
    monkeypatch.setattr(kernels, "socket", stand_in)
    with KernelServer({"00_data": ahead["00_data"]}) as server:
        for _ in range(2):
            assert execute(server.manager_class("00_data"), PORTS) == ["6 True\n"]
    assert len(tries) == 1


def test_a_foreign_kernel_of_the_same_name_is_not_ours(server, tmp_path, monkeypatch):
    spec = tmp_path / "kernels/python3/kernel.json"
    spec.parent.mkdir(parents=True)
    foreign = {"argv": ["/bin/false"], "display_name": "Python 3", "language": "python"}
    spec.write_text(json.dumps(foreign))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    ours = execute(server.manager_class("02_train"), "import sys; print(sys.executable)")
    assert ours == [f"{sys.executable}\n"]


def test_a_drawing_is_shown_and_an_error_is_told(server):
    manager = server.manager_class("00_data")
    assert "image/png" in execute(manager, DRAWING)[0]
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        execute(manager, "1 / 0")


@pytest.mark.parametrize("how", ["os._exit(3)", "os.kill(os.getpid(), 9)"])
def test_a_death_is_noticed(server, how):
    with pytest.raises(DeadKernelError):
        execute(server.manager_class(""), "import os; " + how)


def test_an_endless_cell_can_be_interrupted(server):
    with pytest.raises(CellExecutionError, match="KeyboardInterrupt"):
        execute(
            server.manager_class(""),
            "import time\nwhile True: time.sleep(0.1)",
            timeout=1,
            interrupt_on_timeout=True,
        )


def test_no_process_is_left_and_none_starts_unasked():
    me = psutil.Process()
    before = set(me.children(recursive=True))
    with KernelServer({}) as server:
        assert set(me.children(recursive=True)) == before
        execute(server.manager_class(""), "1")
        with pytest.raises(CellExecutionError):
            execute(server.manager_class(""), "1 / 0")
        (own,) = set(me.children(recursive=True)) - before
        assert own.children() == [], "a kernel is gone when its notebook ends"
    assert set(me.children(recursive=True)) == before
    with pytest.raises(RuntimeError, match="no kernel starts any more"):
        execute(server.manager_class(""), "1")


RUNNER = """
import sys
from pathlib import Path
from harmlib.workflow import execution, pipeline
from harmlib.workflow.steps import Step

execution.NOTEBOOKS = Path(sys.argv[1])
pipeline.SIDE_BY_SIDE = {"sleeper": 2}
pipeline.plan = lambda params: [Step("sleeper", {"name": n}) for n in "abc"]
pipeline.run_pipeline(sys.argv[2])
"""


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_runner_leaves_no_process(tmp_path, signum):
    """Two notebooks sleep side by side when it comes; the third must not start."""
    write_notebook(
        tmp_path / "sleeper.ipynb",
        'params_file: str = ""\nname: str = ""',
        "import os, pathlib, time\n"
        f"pathlib.Path({str(tmp_path)!r}, name + '.pid').write_text(str(os.getpid()))\n"
        "time.sleep(600)",
    )
    params = tmp_path / "params.yaml"
    params.write_text(json.dumps({"run": "r", "reports": str(tmp_path), "data": {"root": "."}}))
    command = [sys.executable, "-c", RUNNER, str(tmp_path), str(params)]
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    runner = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"TMPDIR": str(temporary)},
    )
    family = wait_for(
        lambda: (
            len(list(tmp_path.glob("?.pid"))) == 2
            and psutil.Process(runner.pid).children(recursive=True)
        )
    )
    assert len(family) == 3, "the server and two kernels"
    runner.send_signal(signum)
    assert runner.wait(20) != 0
    assert wait_for(lambda: not any(alive(process) for process in family))
    assert not list(temporary.rglob("*.json")), "connection files hold the kernels' keys"
    assert not (tmp_path / "c.pid").exists()


@pytest.mark.parametrize("can_fork", [True, False])
@pytest.mark.parametrize("code", ["1", "1 / 0", "import os; os._exit(1)"])
def test_no_connection_file_is_left(tmp_path, monkeypatch, can_fork, code):
    monkeypatch.setattr(kernels, "CAN_FORK", can_fork)
    monkeypatch.setattr(kernels.tempfile, "tempdir", str(tmp_path))
    with KernelServer({}) as server:
        with contextlib.suppress(CellExecutionError, DeadKernelError):
            execute(server.manager_class(""), code)
        (folder,) = tmp_path.glob("harmlib-kernels-*")
        assert folder.stat().st_mode & 0o77 == 0
    assert not list(tmp_path.rglob("*.json"))
    assert not folder.exists()


def test_where_forks_are_impossible_kernels_start_as_usual(monkeypatch):
    monkeypatch.setattr(kernels, "CAN_FORK", False)
    with KernelServer({}) as server:
        server.start()
        (parent,) = execute(server.manager_class("02_train"), "import os; print(os.getppid())")
    assert int(parent) == os.getpid()


def test_a_dead_server_is_done_without():
    with KernelServer({}) as server:
        manager = server.manager_class("")
        (parent,) = execute(manager, "import os; print(os.getppid())")
        os.kill(int(parent), signal.SIGKILL)
        (parent,) = execute(manager, "import os; print(os.getppid())")
    assert int(parent) == os.getpid()


def test_a_failed_notebook_ends_the_server(tmp_path, monkeypatch):
    write_notebook(tmp_path / "dying.ipynb", 'params_file: str = ""', "import os; os._exit(1)")
    monkeypatch.setattr(execution, "NOTEBOOKS", tmp_path)
    monkeypatch.setattr(pipeline, "plan", lambda _: [Step("dying")])
    params = tmp_path / "params.yaml"
    params.write_text(json.dumps({"run": "r", "reports": str(tmp_path), "data": {"root": "."}}))
    before = set(psutil.Process().children(recursive=True))
    with pytest.raises(StepFailed, match=r"kernel died|did not run"):
        pipeline.run_pipeline(params)
    assert set(psutil.Process().children(recursive=True)) <= before


def test_modules_are_imported_ahead_but_none_that_looks_for_ipython_or_at_the_machine(ahead):
    code = "import sys; print([name for name in {} if name in sys.modules])"
    with KernelServer(ahead) as server:  # the last notebook's kernel has the modules of all
        for notebook, names in ahead.items():
            manager = server.manager_class(notebook)
            assert execute(manager, code.format(NOT_AHEAD)) == ["[]\n"], notebook
            assert execute(manager, code.format(names)) == [f"{names}\n"], "every one exists"


def write_notebook(path, parameters, code):
    cells = [nbformat.v4.new_code_cell(text) for text in (parameters, code)]
    cells[0].metadata["tags"] = ["parameters"]
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.1)
    return value


def alive(process):
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def test_a_kernel_that_ends_tells_nothing_of_its_last_flush(caplog):
    """Only of the closed socket: whatever else fails in a callback is told."""
    log = logging.getLogger("test.of.the.end")
    log.addFilter(kernel_server.tells_more_than_the_end)
    for error in (zmq.ZMQError(zmq.ENOTSOCK), zmq.Again(), ValueError("lost")):
        try:
            raise error
        except (zmq.ZMQError, ValueError):
            log.exception("uncaught")
    assert [type(record.exc_info[1]) for record in caplog.records] == [zmq.Again, ValueError]
