"""How papermill executes a notebook here: the copy says how far it came, whatever stopped it."""

from __future__ import annotations

from typing import Any

from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from papermill.iorw import write_ipynb

from harmlib.params.places import portable

ENGINE = "harmlib"


class Engine(NBClientEngine):  # type: ignore[misc]
    """As papermill's own, which writes nothing when a kernel dies or is ended."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, **options: Any
    ) -> None:
        """Execute the cells.

        Parameters
        ----------
        nb_man : NotebookExecutionManager
            The notebook, as papermill follows it.
        kernel_name : str
            The kernel to execute it with.
        **options
            Those of papermill.
        """
        about = nb_man.nb.metadata.papermill
        out = about["output_path"]
        about["input_path"] = portable(about["input_path"])  # the copy is passed on
        about["output_path"] = portable(out)
        try:
            super().execute_managed_notebook(nb_man, kernel_name, **options)
        except Exception:
            write_ipynb(nb_man.nb, out)
            raise


papermill_engines.register(ENGINE, Engine)
