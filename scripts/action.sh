#!/usr/bin/env bash
# The step of action.yml that checks. The inputs are in the environment, so that none of them is run as shell code.
set -uo pipefail

# the changed files that can configure a component, as in .pre-commit-hooks.yaml
PATTERN='\.(ya?ml|json|toml|conf|cfg|service|env|sh|ign|bu)$|(^|/)kubelet[^/]*$'

lines() { grep -v '^[[:space:]]*$' <<<"$1"; }
mapfile -t paths < <(lines "$CHECK_PATHS")
mapfile -t args < <(lines "$CHECK_ARGS")

finish() {
  echo "exit-code=$1" >>"$GITHUB_OUTPUT"
  exit "$1"
}

# a new branch and a scheduled run have no commit to compare with
if [[ $CHANGED_ONLY == true && ! $BASE =~ ^0*$ ]]; then
  if ! git cat-file -e "$BASE^{commit}" 2>/dev/null; then
    echo "::error::changed-only compares with $BASE, which is not in this clone: give actions/checkout fetch-depth: 0"
    finish 2
  fi
  mapfile -d '' -t paths < <(git diff -z --name-only --no-renames --diff-filter=d "$BASE" HEAD -- "${paths[@]}" |
    grep -zE "$PATTERN")
  if ((${#paths[@]} == 0)); then
    echo 'no changed file can configure a kube-apiserver or a kubelet'
    finish 0
  fi
  args+=(--allow-empty)
fi

summary=$(mktemp)
outputs=(--output text --output "markdown=$summary")
if [[ -n $SARIF_FILE ]]; then
  outputs+=(--output "sarif=$SARIF_FILE")
  echo "sarif-file=$SARIF_FILE" >>"$GITHUB_OUTPUT"
fi

node=$ACTION/node_modules/.bin/node
[[ -x $node ]] || node=node

# nothing that a file holds is a command for the runner
token=$(tr -dc a-f0-9 </dev/urandom | head -c 32)
echo "::stop-commands::$token"
"$node" "$ACTION/dist/main.js" check "${outputs[@]}" "${args[@]}" -- "${paths[@]}"
code=$?
echo "::$token::"
cat "$summary" >>"$GITHUB_STEP_SUMMARY"
rm -f "$summary"
finish "$code"
