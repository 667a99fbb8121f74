#!/bin/sh
# Leaves .venv/bin/syncd, with what tests and demo need. What is there already is not installed again.
set -eu
cd "$(dirname "$0")/.."

stamp=.venv/made  # holds where it was made: a virtual environment can't be moved
policy=/usr/sbin/policy-rc.d

say() { printf 'setup: %s\n' "$*" >&2; }
give_up() { say "$*"; exit 1; }

main() {
    up_to_date && return
    find_python
    find_lacking
    [ -z "$lacking" ] || install_lacking
    make_environment
    pwd >"$stamp"
    say "done: .venv/bin/syncd"
}

up_to_date() {
    [ -x .venv/bin/syncd ] && [ "$(cat "$stamp" 2>/dev/null)" = "$(pwd)" ] &&
        [ "$stamp" -nt pyproject.toml ] && [ "$stamp" -nt packaging/setup.sh ]
}

find_python() {
    for name in python3.11 python3.12 python3.13 python3; do
        # A pyenv shim is there for every version and runs only the chosen ones: so ask by running it.
        python=$("$name" -c 'import sys; print(sys.executable if sys.version_info >= (3, 11) else "")' 2>/dev/null) || continue
        [ -z "$python" ] || return 0
    done
    give_up "syncd needs Python 3.11 or newer, and none of python3.11, python3.12, python3.13, python3 is one."
}

# Sets `lacking` to the Debian packages to install, and `needed` to those of them without which there is no syncd: each
# is judged by what it provides, not by its name.
find_lacking() {
    lacking= needed=
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    headers=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
    compiler=$("$python" -c 'import sysconfig; print((sysconfig.get_config_var("CC") or "cc").split()[0])')

    provided "$python" -c 'import ensurepip, venv' || lacks "python$version-venv"
    provided test -e "$headers/Python.h" || lacks "python$version-dev"
    provided command -v "$compiler" || lacks gcc
    provided test -e /usr/include/stdio.h || lacks libc6-dev
    provided command -v pkg-config || lacks pkg-config
    provided pkg-config --exists libsystemd || lacks libsystemd-dev
    provided command -v /usr/sbin/sshd || wants openssh-server
    provided command -v sftp || wants openssh-client
    provided command -v ip || wants iproute2  # this and dbus: the machine that the tests boot
    provided command -v dbus-daemon || wants dbus
    provided command -v setfacl || wants acl  # the commands of docs/SFTP.md
    provided command -v jq || wants jq  # the queries of docs/LOG.md
    provided command -v dh || wants debhelper  # these three and dpkg-dev: the package that the tests build
    provided command -v dpkg-buildpackage || wants dpkg-dev
    provided command -v chrpath || wants chrpath
    provided command -v lintian || wants lintian
    provided command -v php || wants php-cli  # the tests let it read the companion plugin
}

provided() { "$@" >/dev/null 2>&1; }
wants() { lacking="$lacking $1"; }
lacks() { wants "$1"; needed="$needed $1"; }

install_lacking() {
    if [ "$(id -u)" = 0 ]; then root=
    elif provided sudo -n true; then root="sudo -n"
    else root=none
    fi
    if [ "$root" = none ] || ! provided command -v apt-get; then
        say "these Debian packages are missing and I may not install them:$lacking"
        say "as root: apt-get install --no-install-recommends$lacking"
        [ -z "$needed" ] || give_up "then call this again."
        say "going on without: the demo copies its file, and the tests that need sftp, php, a boot or a package are skipped."
        return
    fi
    say "installing:$lacking"
    case $lacking in *openssh-server*) without_starting_services apt_install ;; *) apt_install ;; esac
}

apt_install() {
    $root apt-get -qq update || say "apt-get update failed; trying with the lists of last time"
    # shellcheck disable=SC2086  # $lacking is a list of words, $root a prefix
    $root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends $lacking >/dev/null ||
        give_up "apt-get could not install:$lacking"
}

# Tests run an sshd of their own: this machine must not begin to serve ssh because of them, now or at its next start.
without_starting_services() {
    ours=
    if ! [ -e "$policy" ]; then
        ours=yes
        trap '$root rm -f "$policy"' EXIT
        trap 'exit 1' HUP INT TERM
        printf '#!/bin/sh\nexit 101\n' | $root tee "$policy" >/dev/null
        $root chmod 755 "$policy"
    fi
    "$@"
    if provided command -v systemctl; then
        $root systemctl --quiet disable ssh.service 2>/dev/null || true
    fi
    [ -z "$ours" ] || $root rm -f "$policy"
    trap - EXIT HUP INT TERM
}

make_environment() {
    say "making .venv with $python ($("$python" -V))"
    # Made anew when it was made elsewhere or by another Python; otherwise only what changed is installed.
    [ "$(cat "$stamp" 2>/dev/null)" = "$(pwd)" ] && [ "$(.venv/bin/python -V 2>/dev/null)" = "$("$python" -V)" ] ||
        "$python" -m venv --clear .venv
    rm -f "$stamp"
    # Debian's pip builds systemd-python the deprecated way unless told otherwise.
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --use-pep517 --editable '.[dev]' ||
        give_up "pip could not install what syncd needs: its reason stands above."
}

main
