"""`.ci/banned_words.py` finds the words we don't use, and only those."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.any_engine

SCRIPT = settings.BASE_DIR / ".ci/banned_words.py"


def check(place: Path, files: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script in a new repository with these files."""
    for name, text in files.items():
        file = place / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    subprocess.run(["git", "init", "-q"], cwd=place, check=True)
    subprocess.run(["git", "add", "."], cwd=place, check=True)
    command = [sys.executable, SCRIPT, *arguments]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("# It is told later.", "told"),
        ("Mending the books", "Mending"),
        ("def test_who_leads_no_more_waits(): ...", "no more"),
        ("# It answers at\n# once.", "at once"),
        ('"""A transaction of\n    its own."""', "of its own"),
        ("Whoever asks", "Whoever"),
        ("what somebody typed", "somebody"),
        ("Nobody reads it.", "Nobody"),
        ("def test_nobody_pays_twice(): ...", "nobody"),
        ("the value when it's there; else None", "else"),
        ("they would else wait", "would else"),
    ],
)
def test_a_banned_word_fails_with_its_file_and_line(tmp_path, text, word):
    done = check(tmp_path, {"module.py": "\n" + text})
    assert done.returncode == 1
    assert done.stdout.startswith(f'module.py:2: "{word}": write ')


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("module.py", "a = 1 if b else 2\nif a:\n    b()\nelse:\n    c()\n"),
        ("module.js", "if (a) b(); else c();\n"),
        ("module.py", "def test_a_former_leader_promotes_nobody(): ...\nuser = 'nobody'\n"),
        (
            "module.py",
            "# No more than ten. Amended, recommended, untold. For anything else, ask.\n",
        ),
        ("app/migrations/0001_initial.py", "# Whoever was told\n"),
        ("requirements.txt", "# told\n"),
        (
            "templates/page.html",
            '{% if movement %}<a class="desk">{{ movement.rail }}</a>{% endif %}\n',
        ),
        ("templates/adminpanel/page.html", "<p>Simulated rail</p>\n"),
    ],
)
def test_text_that_only_looks_like_one_passes(tmp_path, name, text):
    done = check(tmp_path, {name: text})
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("<p>Every movement</p>", "movement"),
        ('{% translate "By the simulated rail" %}', "rail"),
        ("{% blocktranslate with a=b %}The {{ a }} desk{% endblocktranslate %}", "desk"),
    ],
)
def test_our_own_terms_are_banned_on_pages(tmp_path, text, word):
    done = check(tmp_path, {"templates/page.html": f"{{% if a\n and b %}}\n{text}\n{{% endif %}}"})
    assert f'templates/page.html:3: "{word}"' in done.stdout


def test_counts_list_the_worst_file_first(tmp_path):
    files = {"few.py": "# told\n", "many.py": "# told, told\n", "none.py": "# fine\n"}
    done = check(tmp_path, files, "--count")
    assert done.stdout.split() == ["2", "many.py", "1", "few.py"]
    assert check(tmp_path, {}, "--count", "few.py").stdout.split() == ["1", "few.py"]
