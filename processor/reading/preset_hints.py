"""Which HR system wrote a file, by its labels, and what that system calls the columns that are missing (H3, H5)."""

from collections.abc import Collection, Sequence

from processor.findings import Problem
from processor.reading.catalogue import problem
from processor.reading.labels import Meaning, clean_label, hint_how_to_map, label_key, nearest_label
from processor.reading.presets import PRESETS, Preset, load_preset

_FEWEST = 3  # labels by which a system is known
_AHEAD = 3  # how many more it must know than the chosen preset where the file is understood as it is


def better_preset(labels: Collection[str], chosen: Preset | None) -> Preset | None:
    """Return the preset that knows most of the labels, and more of them than any other and than the chosen one."""
    keys = {label_key(clean_label(label)) for label in labels} - {""}
    presets = [load_preset(name) for name in PRESETS]
    scores = sorted(((_known(keys, one), one.name) for one in presets), reverse=True)
    (best, name), (second, _) = scores[:2]
    if best < _FEWEST or best == second or 2 * best < len(keys):
        return None
    return None if chosen is not None and name == chosen.name else load_preset(name)


def hint_how_to_read(labels: list[str], *, chosen: Preset | None) -> str:
    """Rule H3: what to do about a file without a label of ours: another preset, another label, or a map."""
    if other := better_preset(labels, chosen):
        return f"Most of the labels are those of {other.system}: ask support for the preset `{other.name}`"
    if chosen is None:
        return hint_how_to_map(labels)
    theirs = [one for one, ours in chosen.header_map.items() if ours == Meaning.USER_EMAIL.value]
    known = {label_key(label) for label in chosen.header_map}
    strange = [label for label in labels if label_key(clean_label(label)) not in known]
    called = f"{chosen.system} calls the column of addresses {' or '.join(f'`{one}`' for one in theirs)}"
    return f"{called}; {hint_how_to_map(strange)}" if any(map(nearest_label, strange)) else called


def note_of_other_preset(labels: Sequence[str], chosen: Preset | None) -> list[Problem]:
    """Rule H5: a note where the labels are rather those of another system than the organization's preset."""
    if chosen is None or (other := better_preset(labels, chosen)) is None:
        return []
    keys = {label_key(clean_label(label)) for label in labels}
    if _known(keys, other) < _known(keys, chosen) + _AHEAD:
        return []
    return [problem("preset-other", system=other.system, name=other.name, chosen=chosen.system)]


def _known(keys: set[str], preset: Preset) -> int:
    return len(keys & {label_key(label) for label in preset.header_map})
