#!/usr/bin/env bash
# npm run test:minors -- [--whole] [VERSION | VERSION/KUBELET_VERSION]...
#
# Runs the short end-to-end suite, or with --whole all end-to-end tests, on each version of Kubernetes, and prints a table. `v1.37.2/v1.34.4`
# is an API server with older kubelets. The default are all supported minor versions, the newest with its oldest supported kubelet too.
# TESTBED is the folder of the testbed's build.sh, which builds the programs once.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
source .ci/parts.sh
trap stop_background EXIT

testbed=${TESTBED:-../shared/testbed}
script=test:short
if [[ ${1:-} == --whole ]]; then
  script=test:e2e
  shift
fi
if [[ ! -x $testbed/build.sh ]]; then
  echo "TESTBED is not set, and there is no $testbed/build.sh" >&2
  exit 2
fi
own=$("$testbed/build.sh") || exit 1
newest=$("$own/kube-apiserver" --version | sed 's/.* //')
if (($# == 0)); then
  set -- v1.30.14 v1.31.14 v1.32.13 v1.33.13 v1.34.4 v1.35.4 v1.36.3 "$newest" "$newest/v1.34.4"
fi

programs_of() {
  if [[ $1 == "$newest" ]]; then
    echo "$own"
  else
    GOFLAGS=-trimpath CGO_ENABLED=0 "$testbed/versions/build.sh" "$1"
  fi
}

version() {
  local server kubelet folder
  if ! server=$(programs_of "${1%/*}") || ! kubelet=$(programs_of "${1#*/}"); then
    fail "the build of $1"
    return
  fi
  folder="$results/${1//\//-}"
  mkdir "$folder" && ln -s "$server"/* "$folder/" && ln -sf "$kubelet/kubelet" "$folder/kubelet"
  KUBEBUILDER_ASSETS=$folder jest "$script"
}

npm run -s build || exit 1
for name; do part "$name" version "$name"; done
finish
