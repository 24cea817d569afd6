#!/usr/bin/env bash
# Builds what a real cluster of another Kubernetes version needs, once, and prints a folder for the variable REAL_ASSETS of real-up.sh.
# It takes about 8 minutes on two cores. What does not have that version (containerd, CoreDNS, etcd) is that of the testbed.
#
#   REAL_TESTBED=FOLDER build-version.sh v1.36.3
set -euo pipefail
version=${1:?usage: REAL_TESTBED=FOLDER build-version.sh VERSION} module=v0.${1#v1.}
testbed=${REAL_TESTBED:?is the folder of real-up.sh}
current=$("$testbed/real-build.sh")
out=${TESTBED_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kube-testbed}/real-$version
mkdir -p "$out"
exec 9>"$out/lock"; flock 9
if [[ ! -e $out/complete ]]; then
  pair=$("$testbed/../versions/build.sh" "$version") # kube-apiserver and kubelet
  work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
  mkdir -p "$work/cmd" "$work/empty"
  cp -r "$testbed"/k8s/cmd/{kube-controller-manager,kube-scheduler,kube-proxy} "$testbed/../cmd/kubeadm" "$work/cmd/"
  modfile=$(cd "$work/empty" && go mod init empty >/dev/null 2>&1 && go mod download -json "k8s.io/kubernetes@$version" | sed -n 's/.*"GoMod": "\(.*\)".*/\1/p')
  {
    printf 'module testbed\n\ngo 1.23\n\nrequire k8s.io/kubernetes %s\n\n' "$version"
    # k8s.io/kubernetes asks for its own parts at v0.0.0; these are the versions released with it
    sed -nE 's/^[[:space:]]*(k8s\.io\/[a-z0-9-]+) (=> \.\/staging.*|v0\.0\.0)$/\1/p' "$modfile" | sort -u | sed "s|.*|replace & => & $module|"
  } >"$work/go.mod"
  cd "$work"
  go mod tidy -e >&2
  v=k8s.io/component-base/version
  IFS=. read -r major minor _ <<<"${version#v}"
  CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X $v.gitVersion=$version -X $v.gitMajor=$major -X $v.gitMinor=$minor" -o "$out/" ./cmd/... >&2
  ln -sf "$pair"/{kube-apiserver,kubelet} "$current"/{containerd,containerd-shim-runc-v2,ctr,pause,coredns,etcd} "$out/"
  touch "$out/complete"
fi
echo "$out"
