# Shared by the scripts in this folder; sourced, not run. Nothing here has an effect of its own.

# How everything in .build-static is built; the same for each, or SwiftPM builds it all anew. The
# dependencies too go without the check of exclusive access at run time (docs/adr/0005).
static_build=(-c release --static-swift-stdlib --scratch-path .build-static --quiet
    -Xswiftc -enforce-exclusivity=unchecked)

# need_packages NAME[:COMMAND]...: installs the Debian packages that are missing. With :COMMAND a
# package counts as present when that command is. Not as root: sudo -n, else the line to type and
# status 3.
need_packages() {
    local missing=() item name command
    for item in "$@"; do
        name=${item%%:*}
        command=${item#*:}
        if [ "$command" != "$item" ] && command -v "$command" >/dev/null 2>&1; then continue; fi
        if dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'install ok installed'; then
            continue
        fi
        missing+=("$name")
    done
    [ ${#missing[@]} -eq 0 ] && return 0
    echo "installing ${missing[*]}" >&2
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            echo "these packages are missing; as root: apt-get install ${missing[*]}" >&2
            exit 3
        fi
        as_root=(sudo -n)
    fi
    export DEBIAN_FRONTEND=noninteractive
    # A packaged server must not start by itself: nothing here wants it on its usual port.
    local deny=""
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee /usr/sbin/policy-rc.d >/dev/null
        "${as_root[@]}" chmod +x /usr/sbin/policy-rc.d
        deny=yes
    fi
    local status=0
    { "${as_root[@]}" apt-get update -qq \
        && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >&2 || status=$?
    [ -n "$deny" ] && "${as_root[@]}" rm -f /usr/sbin/policy-rc.d
    if [ "$status" -ne 0 ]; then
        echo "could not install: ${missing[*]}" >&2
        exit 3
    fi
}

# venv FOLDER REQUIREMENT...: a Python virtual environment with these packages from PyPI; made
# anew when the list has changed.
venv() {
    local folder=$1
    shift
    local wanted="$*"
    if [ "$(cat "$folder/.wanted" 2>/dev/null)" = "$wanted" ]; then return 0; fi
    rm -rf "$folder"
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "$@" >&2
    printf '%s' "$wanted" >"$folder/.wanted"
}
