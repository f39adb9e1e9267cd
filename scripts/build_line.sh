#!/usr/bin/env bash
# Builds the wheel of visavis-line into dist/ and, if PYTHON is given, installs it there:
#   PYTHON=.venv/bin/python scripts/build_line.sh
# maturin is taken from that Python's environment, or else from PATH. Nothing is compiled or
# installed again while crates/line and crates/range are as they were.
set -euo pipefail
cd "$(dirname "$0")/.."
unset MAKEFLAGS MFLAGS MAKELEVEL # what make passes on to its own children is nothing for rustc
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/visavis/target}"

maturin=(maturin)
if [ -n "${PYTHON:-}" ] && "$PYTHON" -m maturin --version >/dev/null 2>&1; then
    maturin=("$PYTHON" -m maturin)
elif [ -n "${PYTHON:-}" ]; then
    "$PYTHON" -m pip install --quiet --disable-pip-version-check 'maturin>=1.7,<2'
    maturin=("$PYTHON" -m maturin)
elif ! command -v maturin >/dev/null; then
    echo "maturin is missing: install it with 'python -m pip install maturin'" >&2
    exit 1
fi
if ! command -v cargo >/dev/null; then
    echo "cargo is missing: install Rust (https://rustup.rs), or use a ready-made wheel" >&2
    exit 1
fi

# What the wheel is made of, as one number.
sources=$(find crates/line/src crates/range/src crates/range/Cargo.toml crates/line/visavis_line.pyi crates/line/Cargo.toml \
    crates/line/pyproject.toml Cargo.toml Cargo.lock -type f -print0 | sort -z |
    xargs -0 sha256sum | sha256sum | cut -d' ' -f1)

mkdir -p dist
shopt -s nullglob
wheels=(dist/visavis_line-*.whl)
if [ "${#wheels[@]}" -ne 1 ] || [ "$(cat dist/.line 2>/dev/null)" != "$sources" ]; then
    rm -f "${wheels[@]}" dist/.line
    "${maturin[@]}" build --release --locked --manifest-path crates/line/Cargo.toml --out dist
    wheels=(dist/visavis_line-*.whl)
    echo "$sources" >dist/.line
fi
echo "${wheels[0]}"

if [ -n "${PYTHON:-}" ]; then
    mark="$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("platlib"))')/.visavis_line"
    if [ "$(cat "$mark" 2>/dev/null)" != "$sources" ] ||
        ! "$PYTHON" -c 'import visavis_line' 2>/dev/null; then
        "$PYTHON" -m pip install --quiet --no-deps --force-reinstall "${wheels[0]}"
        echo "$sources" >"$mark"
    fi
fi
