"""Which language the terminal is spoken to in: ``--lang``, else what the environment says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harmlib.language import LANGUAGES

OPTION = "--lang"
_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")  # the first that is set decides, as elsewhere


def asked_language(
    arguments: Sequence[str], environment: Mapping[str, str]
) -> tuple[str, list[str]]:
    """Take ``--lang`` out of the arguments, wherever it stands before ``--``.

    The parser can't do this: its own help is in that language.

    Parameters
    ----------
    arguments : sequence of str
        Of the command line.
    environment : mapping of str to str
        Such as ``os.environ``.

    Returns
    -------
    language : str
        ``ko`` or ``en``.
    rest : list of str
        The other arguments.

    Raises
    ------
    ValueError
        Another language, or none behind ``--lang``.

    Examples
    --------
    >>> asked_language(["run", "--lang", "ko", "a.yaml"], {})
    ('ko', ['run', 'a.yaml'])
    >>> asked_language(["--version"], {"LANG": "ko_KR.UTF-8"})
    ('ko', ['--version'])
    """
    language = _of_environment(environment)
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word == OPTION or word.startswith(f"{OPTION}="):
            language = next(words, "") if word == OPTION else word.partition("=")[2]
            if language not in LANGUAGES:
                raise ValueError(f"{OPTION} {language}: write {OPTION} ko (한국어) or {OPTION} en")
        else:
            rest.append(word)
    return language, rest


def _of_environment(environment: Mapping[str, str]) -> str:
    said = next((environment[name] for name in _VARIABLES if environment.get(name)), "")
    language = said.partition(".")[0].partition("_")[0].lower()
    return language if language in LANGUAGES else "en"
