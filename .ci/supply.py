"""Check what the product is made of: our code by bandit, secrets in the repository, and licences.

    .venv/bin/python .ci/supply.py                 all of it; also writes test-results/sbom.json
    .venv/bin/python .ci/supply.py --licences      write docs/licences.md

`make nightly` runs it. A secret that detect-secrets finds and that is none is in .ci/secrets.json:
look at it, then add it with
`git ls-files ':!tests' ':!requirements*.txt' | xargs .venv/bin/detect-secrets scan --baseline
.ci/secrets.json`, set its `is_secret` to false, and say why in docs/design.md. In tests a comment
does that: `pragma: allowlist nextline secret`.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv/bin"
PAGE = ROOT / "docs/licences.md"
BASELINE = ROOT / ".ci/secrets.json"
SBOM = ROOT / "test-results/sbom.json"
OURS = ("wallet", "ledger", "adminpanel", "nissmart", ".ci")
# Of findings that bandit isn't sure of, most are SQL that is put together from constants. Those of
# low severity are imports and programs that we start by their names.
LEVELS = ("--confidence-level", "medium", "--severity-level", "medium")
BANDIT = ("-q", "-c", "pyproject.toml", *LEVELS, "-r", *OURS)
MOVED = 3
# A package of the running site may have one of these.
ALLOWED = {
    *(
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "ISC",
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "PSF-2.0",
        "Unlicense",
    ),
    # The library may be used as it is: we change none of its files.
    *("LGPL-3.0-only", "MPL-2.0"),
}
# As packages write it in place of an SPDX identifier.
SPDX = {
    **{"Apache 2.0": "Apache-2.0", "Apache License 2.0": "Apache-2.0", "APACHE": "Apache-2.0"},
    **{
        "Apache Software License": "Apache-2.0",
        "BSD": "BSD-3-Clause",
        "BSD License": "BSD-3-Clause",
    },
    **{
        "MIT License": "MIT",
        "The MIT License (MIT)": "MIT",
        "Python Software Foundation License": "PSF-2.0",
    },
    **{"GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only"},
    **{"GNU Library or Lesser General Public License (LGPL)": "LGPL-3.0-only"},
    **{"Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0", "ISC License (ISCL)": "ISC"},
    **{"LGPLv3+": "LGPL-3.0-only", "LGPL-3.0": "LGPL-3.0-only"},
}
# Where a package says less than its files do. Look at them before you add one.
REVIEWED = {"qrcode": "BSD-3-Clause AND MIT"}  # its LICENSE has both
NOT_A_LICENCE = {"OSI Approved", "UNKNOWN", ""}


class Package(NamedTuple):
    name: str
    version: str
    licence: str
    hashes: tuple[str, ...]


def locked(file: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The version and the hashes of each package in a requirements file."""
    found = {}
    text = (ROOT / file).read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if match := re.match(r"([\w.-]+)(?:\[[\w,-]+\])?==(\S+)(.*)", line):
            name, version, rest = match.groups()
            is_elsewhere = "sys_platform == 'win32'" in rest or "python_full_version <" in rest
            if not is_elsewhere:
                found[name.lower()] = version, tuple(re.findall(r"sha256:(\w+)", rest))
    return found


def packages(file: str = "requirements.txt") -> list[Package]:
    """What the running site needs, with what each says of its licence."""
    return [
        Package(name, version, licence_of(name), hashes)
        for name, (version, hashes) in sorted(locked(file).items())
    ]


def licence_of(name: str) -> str:
    """The SPDX expression, or what comes nearest to it. Empty if it isn't installed here."""
    if name in REVIEWED:
        return REVIEWED[name]
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    if expression := about.get("License-Expression"):
        return expression
    classifiers = [line for line in about.get_all("Classifier", []) if line.startswith("License")]
    said = [line.split(" :: ")[-1] for line in classifiers]
    said = [one for one in said if one not in NOT_A_LICENCE] or [
        (about.get("License") or "").splitlines()[0] if about.get("License") else ""
    ]
    return " AND ".join(sorted({SPDX.get(one, one) for one in said}))


def is_allowed(licence: str) -> bool:
    """Of alternatives one must be allowed, of licences that all hold every one."""
    plain = licence.replace("(", " ").replace(")", " ")
    return any(
        all(one.strip() in ALLOWED for one in re.split(r" AND | WITH ", choice))
        for choice in plain.split(" OR ")
    )


def page() -> str:
    rows = [f"| {one.name} | {one.version} | {one.licence} |" for one in packages()]
    return "\n".join(
        [
            "# Licences",
            "",
            "The packages that the running site needs, with the licence that each states. "
            "`.ci/supply.py --licences` writes this page,",
            "a test says when it's out of date, and another when a package has a licence that "
            "isn't on the list there.",
            "",
            "| package | version | licence |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def sbom() -> dict[str, Any]:
    """CycloneDX 1.6. The same packages give the same file."""
    components = [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{one.name}@{one.version}",
            "name": one.name,
            "version": one.version,
            "purl": f"pkg:pypi/{one.name}@{one.version}",
            "licenses": [{"expression": one.licence}] if one.licence in ALLOWED else [],
            "hashes": [{"alg": "SHA-256", "content": each} for each in one.hashes],
        }
        for one in packages()
    ]
    digest = hashlib.sha256(json.dumps(components).encode()).hexdigest()
    serial = "-".join(
        [digest[:8], digest[8:12], f"4{digest[13:16]}", f"8{digest[17:20]}", digest[20:32]]
    )
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "bom-ref": "nissmart", "name": "nissmart"}
        },
        "components": components,
    }


def licences() -> int:
    forbidden = [one for one in packages() if not is_allowed(one.licence)]
    for one in forbidden:
        print(f"{one.name} {one.version}: {one.licence or 'no licence'} isn't allowed")
    is_old = not PAGE.exists() or PAGE.read_text() != page()
    if is_old:
        print("docs/licences.md is out of date: run .ci/supply.py --licences")
    return int(bool(forbidden) or is_old)


def secrets() -> int:
    """Tracked files only. The hashes of requirements look like secrets."""
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = [
        name
        for name in done.stdout.splitlines()
        if not re.fullmatch(r"requirements.*\.txt|\.ci/secrets\.json|\.venv", name)
    ]
    # Tests have passwords of people who don't exist.
    tests = [name for name in names if name.startswith("tests/")]
    others = [name for name in names if not name.startswith("tests/")]
    hook = str(BIN / "detect-secrets-hook")
    with tempfile.TemporaryDirectory() as place:
        # The hook writes the lines that known ones moved to, and ends with MOVED.
        known = shutil.copy(BASELINE, place)
        commands = (
            [hook, "--baseline", known, *others],
            [hook, "--disable-plugin", "KeywordDetector", "--", *tests],
        )
        statuses = [subprocess.run(one, cwd=ROOT, check=False).returncode for one in commands]
    return int(any(status not in (0, MOVED) for status in statuses))


def main() -> int:
    SBOM.parent.mkdir(exist_ok=True)
    SBOM.write_text(json.dumps(sbom(), indent=1) + "\n")
    bandit = subprocess.run([BIN / "bandit", *BANDIT], cwd=ROOT, check=False).returncode
    verdicts = {"bandit": bandit, "secrets": secrets(), "licences": licences()}
    print(f"SBOM: {len(packages())} packages in {SBOM.relative_to(ROOT)}")
    print(*(f"{name}: {'FAILED' if bad else 'passed'}" for name, bad in verdicts.items()), sep="\n")
    return int(any(verdicts.values()))


if __name__ == "__main__":
    if sys.argv[1:] == ["--licences"]:
        PAGE.write_text(page())
        sys.exit(0)
    sys.exit(main())
