"""Find the words that the house doesn't use. Fails when there are any.

    .venv/bin/python .ci/banned_words.py             each finding: file, line, word, what to write
    .venv/bin/python .ci/banned_words.py --count     findings per file, most first
    .venv/bin/python .ci/banned_words.py PATH ...    only these files or folders (also with --count)

It reads the files that git tracks. Only what a pattern can decide stands here; the rest of plain
English is for the reviewer. A word is also found inside a name: `_` ends a word.
"""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SUFFIXES = {".py", ".html", ".md", ".txt", ".js", ".css", ".sh", ".toml", ".in"}
# Migrations are history, locked requirements come from others, and these two files name the words.
SKIP = re.compile(
    r"/migrations/|^requirements.*\.txt$"
    r"|^\.ci/banned_words\.py$|^tests/nissmart/test_banned_words\.py$"
)

# What a space in a pattern stands for: also the line break inside a comment, and `_` in a name.
GAP = r"(?:[\s_#]|//)+"
# Pattern, and what to write.
EVERYWHERE = [
    (r"mend(s|ed|ing)?", "fix, repair, correct"),
    (r"thereby|thereof|therein|whereby|wherein|hereby", "two plain sentences"),
    (r"whoever|whomever|whosoever", "the person who, anyone who"),
    (r"told", "hear, get, see, show, say; or name who says it"),
    (r"somebody", "someone; or name the noun"),
    # As an object it is fine: "a former leader promotes nobody."
    (r"nobody(?= [a-z])", "no member, no thread; or say what does happen"),
    (r"no more(?! than)", "no longer"),
    (r"of (its|their|one's) own", "its own ..., a separate ..., by itself"),
    (r"at once", "immediately, instantly; or at the same time"),
    (r"(or|would) else", "otherwise"),
]
IN_PROSE = [(r"(?<=[,;:.]) else", "otherwise")]  # in JavaScript and shell, `; else` is code
# What people read in templates: text and translated strings, not tags, classes or variables.
ON_PAGES = [
    (r"movements?", "payment or transaction"),
    (r"desk|dashboard", "panel"),
]
ON_MEMBER_PAGES = [(r"rails?", "M-PESA, your phone; members don't know the word")]


class Finding(NamedTuple):
    path: str
    line: int
    word: str
    advice: str


def tracked_files(wanted: list[str]) -> list[str]:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--", *wanted], check=True, capture_output=True, text=True
    ).stdout
    return [
        path
        for path in listing.split("\0")
        if (Path(path).suffix in SUFFIXES or path.startswith(".ci/") or path == "Makefile")
        and not SKIP.search(path)
        and Path(path).is_file()
    ]


def findings(path: str) -> Iterator[Finding]:
    text = Path(path).read_text()
    yield from search(path, text, EVERYWHERE)
    if Path(path).suffix in {".py", ".html", ".md", ".txt", ".css"}:
        yield from search(path, text, IN_PROSE)
    if path.startswith("templates/"):
        text = visible(text)
        yield from search(path, text, ON_PAGES)
        if not path.startswith(("templates/adminpanel/", "templates/admin/")):
            yield from search(path, text, ON_MEMBER_PAGES)


def search(path: str, text: str, words: list[tuple[str, str]]) -> Iterator[Finding]:
    for word, advice in words:
        pattern = rf"(?<![a-z])(?:{word.replace(' ', GAP)})(?![a-z])"
        for match in re.finditer(pattern, text, re.I):
            word = re.sub(GAP, " ", match[0]).strip()
            yield Finding(path, text.count("\n", 0, match.start()) + 1, word, advice)


def visible(template: str) -> str:
    """What a reader sees of a template, with its line breaks where they were."""

    def blank(match: re.Match[str]) -> str:
        translated = re.match(r"""\{%\s*translate\s+(["'])(.*?)\1""", match[0])
        return translated[2] if translated else "\n" * match[0].count("\n")

    template = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}", blank, template, flags=re.S)
    return re.sub(r"<[^>]*>", lambda match: "\n" * match[0].count("\n"), template)


def main(arguments: list[str]) -> int:
    wants_counts = "--count" in arguments
    wanted = [argument for argument in arguments if argument != "--count"]
    found = [finding for path in tracked_files(wanted) for finding in findings(path)]
    if wants_counts:
        for path, count in Counter(finding.path for finding in found).most_common():
            print(f"{count:5}  {path}")
    else:
        for path, line, word, advice in sorted(found):
            print(f'{path}:{line}: "{word}": write {advice}')
    if found:
        files = len({finding.path for finding in found})
        print(f"{len(found)} banned words in {files} files", file=sys.stderr)
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
