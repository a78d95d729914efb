"""Pages of the documentation as programs: their blocks run in order, as a reader types them.

A comment in the Markdown before a block says what is not the rule: `<!-- exit 7 -->`, or
`<!-- not run: why -->`. A `console` block is what the block before it printed, where `…` stands for
lines that are left out.
"""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_BLOCK = re.compile(
    r"(?:<!-- (?P<note>[^>\n]*) -->\n+)?^```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)

#: What a command says of work that lasts more than a second: on a busy machine, any.
_PROGRESS = re.compile(r"[a-z]+: \d[\d,]* (of \d|\w+, )")

#: Makes the environment that a page asks for, without a network: `isic`, and a `pip` that has
#: installed it before.
_PYTHON3 = """#!/bin/sh
if [ "$1 $2" = "-m venv" ]; then
    mkdir -p "$3/bin" && ln -sf "{bin}/isic" "{bin}/pip" "$3/bin/"
else
    exec {python} "$@"
fi
"""


@dataclass(frozen=True)
class Block:
    """A block of code of a page."""

    language: str
    text: str
    line: int
    code: int = 0
    not_run: str = ""


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text("utf-8")
    found: list[Block] = []
    for match in _BLOCK.finditer(text):
        note = match["note"] or ""
        code = re.fullmatch(r"exit (\d+)", note)
        found.append(
            Block(
                match["language"],
                match["text"],
                text.count("\n", 0, match.start("language")) + 1,
                int(code[1]) if code else 0,
                note.partition("not run: ")[2],
            )
        )
    return found


class Reader:
    """Somebody with an empty home who types a page word for word.

    Parameters
    ----------
    folder : Path
        Empty; the working folder, home and programs are made in it.
    demo_cache : Path
        A cache folder with the drawn pictures of the demo.
    challenge_url : str
        The mirror of the challenges that this reader's lab has.
    """

    def __init__(self, folder: Path, demo_cache: Path, challenge_url: str = "") -> None:
        self.work = folder / "work"
        self.state = folder / "state"
        programs, home, cache = folder / "bin", folder / "home", folder / "cache"
        for made in (self.work, programs, home, cache):
            made.mkdir()
        self.state.write_text(f"cd '{self.work}'\n")
        (cache / "demo").symlink_to(demo_cache / "demo")
        config = home / "isic.toml"
        config.write_text(f'challenge_url = "{challenge_url}"\n' if challenge_url else "")
        for name, text in {
            "isic": f'#!/bin/sh\nexec {sys.executable} -m isic_cli "$@"\n',
            "python": f'#!/bin/sh\nexec {sys.executable} "$@"\n',
            "python3": _PYTHON3.format(bin=programs, python=sys.executable),
            "pip": "#!/bin/sh\n",
        }.items():
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        self.environment = {
            "PATH": f"{programs}:/usr/bin:/bin",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            "ISIC_CACHE_DIR": str(cache),
            "ISIC_CONFIG": str(config),
            # A page that forgets to choose the demo fails, and sends nothing.
            "HTTPS_PROXY": "http://127.0.0.1:9",
        } | {name: value for name, value in os.environ.items() if name.startswith("COV")}

    def type(self, block: Block) -> subprocess.CompletedProcess[str]:
        """Run a block after those before it: its folder and variables are theirs."""
        text = block.text
        if block.language == "python":
            text = f"python - <<'END_OF_BLOCK'\n{text}END_OF_BLOCK\n"
        keep = f'trap \'{{ export -p; printf "cd %q\\n" "$PWD"; }} > {self.state}\' EXIT'
        return subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", f". {self.state}\n{keep}\n{text}"],
            cwd=self.work,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
            timeout=300,
        )

    def read(self, page: Path) -> list[str]:
        """Type all blocks of a page; return what was not as the page has it, best nothing."""
        wrong, last = [], ""
        for block in blocks(page):
            where = f"{page.name}, line {block.line}"
            if block.not_run:
                continue
            if block.language in {"sh", "python"}:
                done = self.type(block)
                last = done.stdout
                if done.returncode != block.code:
                    wrong.append(f"{where}: exit {done.returncode}\n{block.text}{last}")
            elif block.language == "console" and (missing := not_printed(block.text, last)):
                wrong.append(f"{where}: not printed: {missing!r}, but:\n{last}")
        return wrong


def not_printed(shown: str, printed: str) -> str:
    """Return the first line of a page's output that was not printed; `…` leaves lines out."""
    printed_lines = [line.rstrip() for line in printed.splitlines()]
    lines = iter([line for line in printed_lines if not _PROGRESS.match(line)])
    skipping = False
    for line in (line.rstrip() for line in shown.splitlines()):
        if line == "…":
            skipping = True
        elif skipping:
            if line not in lines:  # takes lines up to this one
                return line
            skipping = False
        elif next(lines, None) != line:
            return line
    return "" if skipping else next(lines, "")
