# shellcheck shell=bash
# What the cluster is made of, and where it is kept. Sourced by `cluster`, which knows where `here` is.
: "${here:?}"
cache=${XDG_CACHE_HOME:-$HOME/.cache}/plimsoll
commands=(etcd containerd ctr runc buildah nft ip openssl setpriv)
packages=(etcd-server containerd runc containernetworking-plugins buildah nftables iproute2 openssl util-linux)

say() { echo "cluster: $*" >&2; }
fail() { say "$*"; exit 70; }
# A test that cannot run here is skipped, not failed.
cannot() { say "skipped: $*"; exit 77; }

# The version that a go.mod pins.
version() {
    case $1 in
        kubernetes) sed -n 's|.*k8s.io/kubernetes \(v[0-9.]*\).*|\1|p' "$here/kubernetes/go.mod" | head -n 1 ;;
        helm) sed -n 's|.*helm.sh/helm/v4 \(v[0-9.]*\).*|\1|p' "$here/helm/go.mod" | head -n 1 ;;
        nats) sed -n 's|.*nats-server/v2 \(v[0-9.]*\).*|\1|p' "$here/nats/go.mod" | head -n 1 ;;
    esac
}

path() { echo "$cache/$1-$(version "$1")"; }

# Runs a build into the folder of a version: alone, and so that the folder is there only when it is whole.
build_once() {
    local what=$1 folder new
    folder=$(path "$what")
    [ ! -d "$folder" ] || return 0
    need_go "$what"
    mkdir -p "$cache"
    exec {lock}>"$cache/lock"
    flock "$lock"
    if [ ! -d "$folder" ]; then
        rm -rf "$cache"/new.*
        new=$(mktemp -d "$cache/new.XXXXXX")
        "compile_$what" "$new" "$(version "$what")"
        mv "$new" "$folder"
    fi
    exec {lock}>&-
}

need_go() { command -v go >/dev/null || cannot "there is no Go to build $1 with; see https://go.dev/dl"; }

build_helm() { build_once helm; }

build_nats() { build_once nats; }

build_kubernetes() {
    install_packages
    build_once kubernetes
}

# Debian's are enough: etcd 3.4 and containerd 1.6 still serve this Kubernetes.
install_packages() {
    command -v "${commands[@]}" >/dev/null && [ -x /usr/lib/cni/bridge ] && return
    local install="apt-get install --yes --no-install-recommends ${packages[*]}"
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then cannot "first, as root: $install"; fi
    say "installing ${packages[*]}"
    { apt-get update && $install; } >/dev/null 2>&1 || fail "this fails: apt-get update && $install"
}

compile_kubernetes() {
    say "building Kubernetes $2 (eight minutes on two cores, then kept in $cache)"
    compile kubernetes "$1" "k8s.io/component-base/version.gitVersion=$2"
    compile_pause "$1"
}

compile_helm() {
    say "building Helm $2 (two minutes on two cores, then kept in $cache)"
    compile helm "$1" "helm.sh/helm/v4/internal/version.version=$2"
}

compile_nats() {
    say "building nats-server $2 (half a minute on two cores, then kept in $cache)"
    compile nats "$1"
}

# The programs that a go.mod names as tools; those that do not know their version are told it by the linker.
compile() {
    (cd "$here/$1" && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w ${3:+-X $3}" -o "$2/" tool)
}

# The image that holds a pod's namespaces open.
compile_pause() {
    local storage=(--root "$1/storage" --runroot "$1/run" --storage-driver vfs)
    CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$1/pause/" "$here/pause/main.go"
    cp "$here/pause/Dockerfile" "$1/pause/"
    buildah "${storage[@]}" bud --isolation chroot --quiet --tag localhost/pause:1.0.0 "$1/pause" >/dev/null
    buildah "${storage[@]}" push --quiet localhost/pause:1.0.0 "oci-archive:$1/pause.tar:localhost/pause:1.0.0"
    rm -rf "$1/pause" "$1/storage" "$1/run"
}
