import type { ProgramName } from '../../program-name.ts';

export type Shell = 'bash' | 'zsh' | 'fish';

/**
 * The line so far goes to standard input: what is typed may hold a secret, and arguments can be seen by other processes.
 * What comes back is never evaluated, and holds no character that a shell would act on.
 */
export function completionScript(shell: Shell, program: ProgramName): string {
  return scripts[shell].replaceAll('coffer', program);
}

const bash = `_coffer_complete() {
  local found
  COMPREPLY=()
  while IFS= read -r found; do
    COMPREPLY+=("$found")
  done < <(printf '%s' "\${COMP_LINE:0:COMP_POINT}" | coffer completion candidates 2>/dev/null)
  case "\${COMPREPLY[0]-}" in
    */ | *=) [ "\${#COMPREPLY[@]}" -eq 1 ] && compopt -o nospace 2>/dev/null ;;
  esac
  return 0
}
complete -o default -F _coffer_complete coffer
`;

const zsh = `#compdef coffer
_coffer_complete() {
  local -a found open
  found=("\${(@f)$(print -rn -- "\${(j: :)words[1,CURRENT]}" | coffer completion candidates 2>/dev/null)}")
  open=(\${(M)found:#*[/=]})
  found=(\${found:#*[/=]})
  (( \${#open} )) && compadd -S '' -a open
  (( \${#found} )) && compadd -a found
  (( \${#open} + \${#found} )) || _files
}
compdef _coffer_complete coffer
`;

const fish = `complete -c coffer -a '(commandline -cp | coffer completion candidates 2>/dev/null)'
`;

const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
