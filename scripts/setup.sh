#!/usr/bin/env bash
# Make a machine ready: system packages, a virtual environment, the native line, the weights.
# Quick when there is nothing to do.   usage: setup.sh VENV run|test
set -euo pipefail
venv=$1 purpose=$2
cd "$(dirname "$0")/.."

scripts/system_packages.sh "$purpose"

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "visavis: Python 3.11 or newer is needed; set PYTHON=/path/to/python3" >&2; exit 1; }
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"

extras=embedded; [ "$purpose" = test ] && extras=embedded,talk,test
stamp="$venv/.visavis-$purpose"
if [ ! -e "$stamp" ] || [ pyproject.toml -nt "$stamp" ]; then
  echo "visavis: installing Python packages ($extras)"
  "$venv/bin/python" -m pip install -q --disable-pip-version-check -e ".[$extras]"
  touch "$stamp"
fi

if command -v cargo >/dev/null; then
  PYTHON="$venv/bin/python" scripts/build_line.sh
else
  echo "visavis: cargo not found: WebRTC is off, calls go over WebSocket." >&2
  echo "         Install Rust 1.89 or newer (rustup) and run this again to switch it on." >&2
fi

"$venv/bin/visavis" models pull
