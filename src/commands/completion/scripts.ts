// The scripts that let shells complete the command. Each asks the command itself: `kubelet-guard __complete -- =CURRENT WORD…`
// prints one candidate a line, a tab and its description, and then `:files` where the shell is to complete a path.

const bash = String.raw`# bash completion for kubelet-guard
_kubelet_guard() {
  local -a words=()
  local count=0 index word files= own=${'$'}{COMP_WORDS[COMP_CWORD]}
  # bash cuts words at = and :, which are part of the words of kubelet-guard
  for ((index = 1; index <= COMP_CWORD; index++)); do
    word=${'$'}{COMP_WORDS[index]}
    if ((count > 0)) && [[ $word == [=:]* || ${'$'}{words[count - 1]} == *[=:] ]]; then
      words[count - 1]+=$word
    else
      words[count++]=$word
    fi
  done
  [[ $own == [=:] ]] && own=
  local current=${'$'}{words[count - 1]}
  local cut=${'$'}{current%"$own"}
  COMPREPLY=()
  while IFS=$'\t' read -r word _; do
    case $word in
      :files) files=yes ;;
      *) printf -v 'COMPREPLY[${'$'}{#COMPREPLY[@]}]' %q "${'$'}{word#"$cut"}" ;;
    esac
  done < <(kubelet-guard __complete -- "=$current" "${'$'}{words[@]:0:count-1}" 2>/dev/null)
  # without files of its own, bash completes them itself
  if [[ -z $files ]] && type compopt &>/dev/null; then compopt +o default; fi
}
complete -o default -F _kubelet_guard kubelet-guard
`;

const zsh = String.raw`#compdef kubelet-guard
# zsh completion for kubelet-guard
_kubelet-guard() {
  local -a lines candidates
  local line word files=
  lines=("${'$'}{(@f)$(kubelet-guard __complete -- "=${'$'}{(Q)PREFIX}" "${'$'}{(@Q)words[2,CURRENT-1]}" 2>/dev/null)}")
  for line in $lines; do
    if [[ $line == :files ]]; then
      files=yes
    elif [[ -n $line ]]; then
      word=${'$'}{line%%$'\t'*}
      candidates+=("${'$'}{word//:/\\:}:${'$'}{line#*$'\t'}")
    fi
  done
  if [[ -n $files ]]; then
    compset -P '*='
    _files
  else
    _describe 'kubelet-guard' candidates
  fi
}
# in a file of $fpath this is the function itself
if [[ ${'$'}{funcstack[1]} == _kubelet-guard ]]; then
  _kubelet-guard "$@"
else
  compdef _kubelet-guard kubelet-guard
fi
`;

const fish = String.raw`# fish completion for kubelet-guard
function __kubelet_guard_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in (kubelet-guard __complete -- "=$current" $words[2..-1] 2>/dev/null)
        if test "$line" = ':files'
            set -l before (string match -r '^.*=' -- "$current")
            for path in (__fish_complete_path (string replace -r '^.*=' '' -- "$current"))
                echo "$before$path"
            end
        else
            echo $line
        end
    end
end
complete -c kubelet-guard -f -a '(__kubelet_guard_complete)'
`;

const powershell = String.raw`# PowerShell completion for kubelet-guard
Register-ArgumentCompleter -Native -CommandName kubelet-guard -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $before = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.Extent.Text })
    # with no candidate, PowerShell completes files itself
    & kubelet-guard __complete '--' "=$wordToComplete" @before 2>$null | Where-Object { $_ -notlike ':*' } | ForEach-Object {
        $word, $description = $_ -split "${'`'}t", 2
        if (-not $description) { $description = $word }
        [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $description)
    }
}
`;

/** The shells, with the script for each. */
export const COMPLETION_SCRIPTS = { bash, zsh, fish, powershell } as const;

/** A shell that can complete the command. */
export type CompletionShell = keyof typeof COMPLETION_SCRIPTS;
