# The functions of .ci/run: parts with their times, gates, Jest scripts, packages, and builds in the background.
# shellcheck shell=bash

results=$(mktemp -d)
# seconds; CI may last an hour
limit=$((57 * 60))
passed=0 failed=0 skipped=0
rows=()

fail() {
  echo "FAILED: $1"
  echo "  $1" >>"$results/failures"
  failed=$((failed + 1))
}

skip() {
  echo "SKIPPED: $1"
  skipped=$((skipped + 1))
}

# part NAME COMMAND...: runs a function or program, and prints how long it took and what it counted.
part() {
  local name=$1 start=$SECONDS before=("$passed" "$failed" "$skipped") row
  echo "== $name"
  "${@:2}" || true
  row=$(printf '%-28s %5d s  %5d passed  %3d failed  %3d skipped' "$name" "$((SECONDS - start))" \
    "$((passed - before[0]))" "$((failed - before[1]))" "$((skipped - before[2]))")
  echo "-- $row"
  rows+=("$row")
}

# timely SECONDS NAME COMMAND...: a part that takes about that long. It is skipped if all would then last longer than the limit.
timely() {
  if ((SECONDS + $1 <= limit)); then
    part "${@:2}"
  else
    skip "$2: there is no time left for it"
    rows+=("$(printf '%-28s no time left' "$2")")
  fi
}

# gate SCRIPT: a script of package.json that counts as one test.
gate() {
  if npm run -s "$1"; then passed=$((passed + 1)); else fail "$1"; fi
}

# jest SCRIPT [ARGUMENT...]: runs a Jest script, with the tests that are named, and adds up its results. What ends badly without
# a failed test (a suite that does not load, a crash, a threshold) is one failure too.
jest() {
  local file code=0 sums p f s
  file=$(mktemp "$results/${1//:/-}.XXXXXX")
  npm run -s "$1" -- "${@:2}" --json --outputFile="$file" >"$file.out" || code=$?
  if [[ ! -s $file ]] || ! sums=$(node .ci/results.mjs "$file" "$results/failures"); then
    tail -n 50 "$file.out"
    fail "$1 left no results (exit code $code)"
    return
  fi
  read -r p f s <<<"$sums"
  if ((code != 0 && f == 0)); then
    fail "$1 ended with exit code $code"
  elif ((p + f == 0)); then
    fail "$1 ran no tests"
  fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# Installs Debian packages, with a new list of packages if the one that is there is missing or too old.
packages() {
  apt-get install --yes --no-install-recommends "$@" ||
    { apt-get update && apt-get install --yes --no-install-recommends "$@"; }
}

queue=()
declare -A commands=()

# background NAME COMMAND...: has a function or program run after those before it, beside the parts, at the lowest priority. The last
# line that it prints on stdout is the result, for example the path of a program.
background() {
  queue+=("$1")
  commands[$1]=$(printf '%q ' "${@:2}")
}

# Starts what `background` has named.
start_background() {
  mkdir "$results/builds"
  set -m # a process group of its own, which can be ended as a whole
  {
    renice --priority 19 --pid "$BASHPID" >/dev/null
    for name in "${queue[@]}"; do
      local start=$SECONDS code=0
      (eval "${commands[$name]}") >"$results/builds/$name.out" 2>"$results/builds/$name.log" || code=$?
      echo "$code $((SECONDS - start))" >"$results/builds/$name.new"
      mv "$results/builds/$name.new" "$results/builds/$name.end"
    done
  } &
  builder=$!
  set +m
}

# built NAME VARIABLE: waits for what runs in the background and puts its result into the variable. False if it failed, or if
# there is no time left to use it.
built() {
  local code seconds start=$SECONDS
  [[ -n ${commands[$1]:-} ]] || return 1
  until [[ -e $results/builds/$1.end ]]; do
    kill -0 "$builder" 2>/dev/null || [[ -e $results/builds/$1.end ]] || return 1
    ((SECONDS + 180 < limit)) || return 1
    sleep 1
  done
  read -r code seconds <"$results/builds/$1.end"
  if [[ ! -e $results/builds/$1.told ]]; then
    touch "$results/builds/$1.told"
    rows+=("$(printf '  %-26s %5d s  in the background, %d s waited for' "$1" "$seconds" "$((SECONDS - start))")")
    echo "-- $1: $seconds s in the background, $((SECONDS - start)) s waited for"
    if ((code != 0)); then tail -n 30 "$results/builds/$1.log"; fi
  fi
  if ((code != 0)); then return 1; fi
  printf -v "$2" '%s' "$(tail -n 1 "$results/builds/$1.out")"
}

# has_ended NAME: tells whether what ran in the background has ended.
has_ended() {
  [[ -e $results/builds/$1.end ]]
}

# Ends what still runs in the background.
stop_background() {
  if [[ -n ${builder:-} ]]; then kill -- "-$builder" 2>/dev/null; fi
  rm -rf "$results"
}

# Prints the table, what failed and the last line, and ends.
finish() {
  local code=0
  if ((failed > 0 || passed == 0)); then code=1; fi
  printf '\n%s\n' "Parts:"
  printf '%s\n' "${rows[@]}"
  printf '%-28s %5d s\n' "all" "$SECONDS"
  if [[ -s $results/failures ]]; then printf '\nFailed:\n' && cat "$results/failures"; fi
  if ((skipped > 0)); then
    echo "$passed passed, $failed failed, $skipped skipped"
  else
    echo "$passed passed, $failed failed"
  fi
  exit "$code"
}
