#!/usr/bin/env bash
# Installs what a bare Debian lacks to build the window and to draw it without a screen. Harmless when all is there.
set -euo pipefail
packages=(pkg-config libxkbcommon-x11-0 libwayland-client0 libvulkan1 mesa-vulkan-drivers)
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
    echo "installing ${missing[*]}" >&2
    root=""
    [ "$(id -u)" -eq 0 ] || root=sudo
    $root apt-get update -qq
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
