"""Finds how laws differ from an older release's; makes the text of `published.laws.json`, which releases keep."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from law_text import templates
from packaging.version import Version
from register import Law, Register

from sse_handbook.data_files import Fault

# Each field that is compared, and what readers call it.
COMPARED: dict[str, str] = vars(templates.get_template("headings.jinja").make_module())["compared"]
CHECKS = {"checked", "status_as_of"}  # what a check alone changes
NO_LAWS = "This is not what a release wrote of the laws. Give back the file `1.0.0.laws.json` as it was."


def pick(law: Law, fields: Iterable[str] = COMPARED) -> dict[str, str]:
    return {name: " ".join(law[name].split()) for name in fields if law.get(name)}


def format_laws(laws: dict[str, Law]) -> str:
    """Return what a release writes of the laws."""
    lines = (json.dumps({key: pick(laws[key])}, ensure_ascii=False)[1:-1] for key in sorted(laws))
    return "{\n" + ",\n".join(lines) + "\n}\n"


def compare_laws(old: dict[str, Law], laws: dict[str, Law]) -> list[dict[str, Any]]:
    """Return of each law that differs its key, the kind of the change, and what fields were `before` and are `now`."""
    changes = []
    for key in sorted({*old, *laws}):
        before, now = old.get(key, {}), pick(laws.get(key, {}))
        fields = [name for name in COMPARED if before.get(name) != now.get(name)]
        ended = "status" in fields and now.get("status") in {"ended", "superseded"}
        kind = "ended" if ended else "checked" if CHECKS.issuperset(fields) else "changed"
        kind = "new" if not before else "gone" if not now else kind
        if fields:
            changes.append({"key": key, "kind": kind, "before": pick(before, fields), "now": pick(now, fields)})
    return changes


def find_changes(register: Register, data: Path) -> None:
    """Set what has changed since the newest version whose laws were others, or the newest; add files and faults."""
    versions = dict[Version, dict[str, Law]]()
    for path in sorted(Path(data, "published").glob("*.laws.json")):
        register.files.append(path)
        try:
            laws = {key: pick(law) for key, law in json.loads(path.read_text("utf-8")).items()}
            versions[Version(path.name.removesuffix(".laws.json"))] = laws
        except (ValueError, TypeError, AttributeError) as error:
            register.faults.append(Fault(path, getattr(error, "lineno", 1), NO_LAWS))
    for version in sorted(versions) if not register.left_out else ():  # the newest that differs is the last to be set
        changes = compare_laws(versions[version], register.laws)
        if changes or not register.changes:
            register.since, register.changes = str(version), changes
