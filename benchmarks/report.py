"""Run every benchmark in turn and print one Markdown table: `make bench`.

Each script prints its rows to standard error as it goes and, last on standard output, one JSON line
per claim: {"claim", "ratio", "target", "met", "detail"}. Ratios only; figures are for the reader.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NO_CLAIMS = {
    *("report.py", "harness.py", "peers.py", "bare_envoy.py", "own_server.py"),
    *("cluster.py", "cluster_readers.py"),
}


def main() -> None:
    """Run all scripts, or those named as arguments; exit 1 when one could not run."""
    scripts = [HERE / name for name in sys.argv[1:]] or sorted(
        path for path in HERE.glob("*.py") if path.name not in NO_CLAIMS
    )
    claims: list[dict[str, Any]] = []
    broken = []
    for script in scripts:
        print(f"\n## {script.stem}\n", file=sys.stderr, flush=True)
        ran = subprocess.run(
            [sys.executable, script], stdout=subprocess.PIPE, text=True, check=False
        )
        if ran.returncode:
            broken.append(script.name)
        claims += [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    print("\n| claim | ratio | target | met | detail |\n|---|---|---|---|---|")
    for claim in claims:
        met = "yes" if claim["met"] else "**no**"
        cells = (claim["claim"], claim["ratio"], claim["target"], met, claim["detail"])
        print("| " + " | ".join(str(cell) for cell in cells) + " |")
    for name in broken:
        print(f"\n{name} could not run; see its messages above.")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
