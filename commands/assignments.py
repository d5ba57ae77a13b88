"""Settings of an organization as words of a command line: `key=value`, `--key value` (section X)."""

from collections.abc import Sequence

from core.errors import UsageError

OWN_COMMANDS = {"header_map": '`rosterdrop org map ORG "Their label=Our label"`'}


def split_words(words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Part words into plain ones and settings; `--time-zone X`, `--time-zone=X` and `time_zone=X` are the same.

    Raises:
        UsageError: an option has no value, or a key comes twice.
    """
    plain: list[str] = []
    settings: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        key, sign, value = word.partition("=")
        if word.startswith("--"):
            if not sign and (following := next(rest, None)) is None:
                raise UsageError(f"{word} needs a value.")
            _put(settings, key, value if sign else str(following))
        elif sign and key.replace("-", "").replace("_", "").isalnum() and key.lower() == key:
            _put(settings, key, value)
        else:
            plain.append(word)
    return plain, settings


def _put(settings: dict[str, str], key: str, value: str) -> None:
    name = key.removeprefix("--").replace("-", "_")
    if name in OWN_COMMANDS:
        raise UsageError(f"{name} is set by {OWN_COMMANDS[name]}.")
    if name in settings:
        raise UsageError(f"{name} is given twice.")
    settings[name] = value


def with_options(settings: dict[str, str], **options: object) -> dict[str, object]:
    """Add the options that were given to the settings.

    Raises:
        UsageError: one is given in both ways.
    """
    given = {name: value for name, value in options.items() if value is not None and value != []}
    if twice := sorted(given.keys() & settings.keys()):
        raise UsageError(f"{', '.join(twice)} is given twice.")
    return {**settings, **given}
