#!/usr/bin/env bash
# Installs the real mail programs that tests/peers talks to. For Debian 12; run as root or with sudo.
#
# No daemon is started and nothing listens afterwards: the tests start their own instances on loopback.
# Postfix is installed. Exim and OpenSMTPD would push it out (each is a mail-transport-agent), and of
# Prometheus only its judge of metrics is wanted, so those are only unpacked, below target/peers. A second
# run finds everything there and ends at once.
set -euo pipefail
cd "$(dirname "$0")/../.."

packages=(
    fetchmail postfix dovecot-core dovecot-lmtpd swaks gsasl
    libnet-ssleay-perl libio-socket-ssl-perl libauthen-sasl-perl libnet-dns-perl
    strace jq perl-base util-linux openssl
    # Whose users press TAB.
    fish zsh elvish
    # Whose NTLM is not of our making.
    curl
    # The judges of our examples.
    systemd shellcheck
    # What a customer trusts who names no authority of its own.
    ca-certificates
    # An internet of our own: a root, zones, their signatures, and a resolver that looks them up.
    bind9 bind9-utils knot nsd unbound
    # Who looks at the page, and letters to draw it with.
    chromium chromium-driver fonts-dejavu-core
)
# What the unpacked programs load at run time.
libraries=(libgnutls-dane0 libpcre2-8-0 libidn12 libidn2-0 libdb5.3 libevent-2.1-7 libpam0g libssl3 zlib1g)
# Package and the program expected in it.
unpacked=(exim4-daemon-light:usr/sbin/exim4 opensmtpd:usr/sbin/smtpd prometheus:usr/bin/promtool)
# The users those two insist on by name.
users=(Debian-exim opensmtpd opensmtpq)
shelf=target/peers

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }
is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# apt-get, the way that asks nothing, removes nothing, and waits for another apt to end.
quiet_apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@"
}

# Debian starts a daemon as soon as it is installed unless this file says no.
forbid_starting_daemons() {
    policy=/usr/sbin/policy-rc.d
    [ ! -e "$policy" ] || return 0
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    trap 'as_root rm -f "$policy"' EXIT
}

# Nor may they start at the next boot.
keep_from_booting() {
    command -v systemctl >/dev/null || return 0
    for package in "$@"; do
        case $package in
            postfix | fetchmail) as_root systemctl disable --quiet "$package" || true ;;
            bind9) as_root systemctl disable --quiet named || true ;;
            knot | nsd | unbound) as_root systemctl disable --quiet "$package" || true ;;
            dovecot-core) as_root systemctl disable --quiet dovecot.service dovecot.socket || true ;;
        esac
    done
}

install_packages() {
    local missing=()
    for package in "${packages[@]}" "${libraries[@]}"; do
        is_installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "installing: ${missing[*]}"
    quiet_apt update
    forbid_starting_daemons
    echo 'postfix postfix/main_mailer_type select No configuration' | as_root debconf-set-selections
    quiet_apt install --yes --no-install-recommends --no-remove "${missing[@]}" >/dev/null
    keep_from_booting "${missing[@]}"
}

# Into the current folder. Root may do it itself: apt's own user cannot write here.
download() { apt-get -qq -o APT::Sandbox::User=root download "$1"; }

unpack() {
    local package=$1 program=$2 into=$shelf/$1 scratch
    [ ! -x "$into/$program" ] || return 0
    echo "unpacking: $package"
    scratch=$(mktemp -d)
    chmod 755 "$scratch"
    (cd "$scratch" && { download "$package" || { quiet_apt update && download "$package"; }; })
    mkdir -p "$shelf"
    rm -rf "$into.partly" && dpkg -x "$scratch"/*.deb "$into.partly"
    rm -rf "$into" && mv "$into.partly" "$into"
    rm -rf "$scratch"
}

add_users() {
    for user in "${users[@]}"; do
        getent passwd "$user" >/dev/null ||
            as_root useradd --system --user-group --no-create-home --home-dir /nonexistent \
                --shell /usr/sbin/nologin "$user"
    done
}

command -v apt-get >/dev/null || {
    echo "install.sh: this machine has no apt-get. Install by its own means: ${packages[*]} exim opensmtpd," >&2
    echo "or run the tests without them: ODMR_PEERS=skip cargo test" >&2
    exit 1
}
install_packages
for pair in "${unpacked[@]}"; do unpack "${pair%%:*}" "${pair#*:}"; done
add_users
