"""The options of the command line, and their help, in the terminal's language.

Nothing heavy is imported here: `--help` answers at once.
"""

from harmlib.cli.options.commands import parser

__all__ = ["parser"]
