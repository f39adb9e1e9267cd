#!/usr/bin/env bash
# Every system package visavis needs, in one place. Installs only what is missing.
#   run:  what the server and the headless call need
#   test: the browsers and recordings that the tests use
set -euo pipefail
case "${1:-run}" in
  run) packages=(build-essential cmake python3-venv libportaudio2) ;;
  test) packages=(build-essential cmake python3-venv libportaudio2 chromium firefox-esr ffmpeg
                  pulseaudio pulseaudio-utils libasound2-plugins
                  asterisk-core-sounds-en asterisk-core-sounds-en-g722
                  asterisk-moh-opsound-g722) ;;
  *) echo "usage: $0 run|test" >&2; exit 2 ;;
esac
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' \
    || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if ! command -v apt-get >/dev/null; then
  echo "visavis: these packages are missing and there is no apt-get: ${missing[*]}" >&2
  exit 1
fi
as_root=(); [ "$(id -u)" -eq 0 ] || as_root=(sudo)
echo "visavis: installing system packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
