#!/usr/bin/env bash
# A docker daemon for the tests of the docker back-end, on a machine that may have none.
#
#     eval "$(.ci/docker.sh start DIR)"     uses the daemon that answers already, or starts one that keeps all it has in DIR
#     .ci/docker.sh stop DIR                stops what `start DIR` started, and removes DIR
#
# `start` prints `export DOCKER_HOST=...` and nothing else on stdout; calling it again is harmless. A daemon of our own
# needs root; it is installed from the distribution (docker.io) where it is missing, has no network of its own and
# leaves the machine's firewall and routes alone: every container of the sandbox runs without a network.
set -euo pipefail

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

answers() { command -v docker >/dev/null && timeout 5 docker -H "$1" version >/dev/null 2>&1; }

install_daemon() {
    if command -v dockerd >/dev/null; then
        return
    fi
    command -v apt-get >/dev/null || die "no docker daemon answers, and there is no apt-get to install one with"
    {
        apt-get -o DPkg::Lock::Timeout=300 update -qq
        # RUNLEVEL=1 keeps the package from starting the daemon itself.
        RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install \
            -y -qq --no-install-recommends docker.io
    } >"$1/apt.log" 2>&1 </dev/null || die "apt-get could not install docker.io: $(tail -n 3 "$1/apt.log")"
}

start() {
    local present=${DOCKER_HOST:-unix:///var/run/docker.sock}
    if answers "$present"; then
        echo "export DOCKER_HOST=$present"
        return
    fi
    local directory socket
    mkdir -p "$1"
    directory=$(cd "$1" && pwd)
    socket=unix://$directory/docker.sock
    if ! answers "$socket"; then
        [[ $(id -u) == 0 ]] || die "no docker daemon answers at $present, and only root can start one"
        install_daemon "$directory"
        launch "$directory" "$socket"
    fi
    echo "export DOCKER_HOST=$socket"
}

launch() {
    nohup setsid dockerd --host "$2" --data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/docker.pid" \
        --bridge=none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false --userland-proxy=false \
        --log-driver=json-file --log-opt max-size=1m --log-opt max-file=1 >"$1/dockerd.log" 2>&1 </dev/null &
    local pid=$!
    for _ in $(seq 300); do
        if answers "$2"; then
            return
        fi
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    die "dockerd did not start: $(tail -n 5 "$1/dockerd.log")"
}

stop() {
    local pid
    if pid=$(cat "$1/docker.pid" 2>/dev/null) && [[ $(cat "/proc/$pid/comm" 2>/dev/null) == dockerd ]]; then
        kill "$pid"
        for _ in $(seq 300); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
    fi
    # What a daemon that was killed leaves mounted would make `rm` fail.
    awk -v root="$(cd "$1" 2>/dev/null && pwd || echo "$1")/" 'index($5, root) == 1 { print $5 }' /proc/self/mountinfo |
        sort -r | while read -r mount; do umount -l "$mount" || true; done
    rm -rf "$1"
}

case "${1:-}" in
    start) start "${2:?"usage: $0 start DIR"}" ;;
    stop) stop "${2:?"usage: $0 stop DIR"}" ;;
    *) die "usage: $0 start DIR | stop DIR" ;;
esac
