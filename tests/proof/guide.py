"""The commands of docs/operations.md, taken from the text word for word.

A section is what stands below a heading; its commands are its fenced blocks, in order, as one
script for bash that stops at the first error. Commands run as root in the checkout. What differs
from an operator's machine is replaced as text, and only what `Machine.replaced` lists: directories,
the port, and the service, because a proof has its own PostgreSQL beside the system's.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs/operations.md"
HEADING = re.compile(r"^##+ ([\d.]+) ", re.MULTILINE)
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def sections() -> dict[str, list[str]]:
    """The blocks of commands by the number of their section, such as "3.2"."""
    found = HEADING.split(GUIDE.read_text())
    return {
        number.rstrip("."): BLOCK.findall(text)
        for number, text in zip(found[1::2], found[2::2], strict=True)
    }


def commands(section: str) -> str:
    blocks = sections()[section]
    assert blocks, f"section {section} has no commands"
    return "".join(blocks)


def follow(
    section: str, replaced: Mapping[str, str], environment: Mapping[str, str], **more: str
) -> str:
    """Run a section's commands. Returns what they print; raises AssertionError if one fails."""
    script = commands(section)
    for old, new in (dict(replaced) | more).items():
        script = script.replace(old, new)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        env=dict(environment),
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, f"Section {section} of the guide failed:\n{done.stdout}"
    return done.stdout
