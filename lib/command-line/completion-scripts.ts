/** A shell that completes command lines. */
export type Shell = keyof typeof SCRIPTS;

/**
 * The scripts of the shells. Each script passes the words up to the cursor to `nestjs-pyro complete`, and offers the printed lines: a word,
 * or a word, a tab and its description. The line `:files` stands for the names of files.
 */
export const SCRIPTS = {
  // bash takes a colon and "=" for the end of a word; names may have both
  bash: `_nestjs_pyro() {
  local line="\${COMP_LINE:0:COMP_POINT}" found begun head
  local -a words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  begun="\${words[\${#words[@]}-1]}"
  head="\${begun%"\${begun##*[:=]}"}"
  COMPREPLY=()
  while IFS= read -r found; do
    if [[ $found == :files ]]; then
      compopt -o default 2>/dev/null
    else
      found="\${found%%$'\\t'*}"
      COMPREPLY+=("$(printf '%q' "\${found#"$head"}")")
    fi
  done < <("$1" complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _nestjs_pyro nestjs-pyro
`,
  zsh: `_nestjs_pyro() {
  local found
  local -a candidates shown
  for found in "\${(@f)$("\${words[1]}" complete -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $found == :files ]]; then
      _files
      return
    fi
    [[ -z $found ]] && continue
    candidates+=("\${found%%$'\\t'*}")
    shown+=("\${found/$'\\t'/  }")
  done
  compadd -l -d shown -a candidates
}
compdef _nestjs_pyro nestjs-pyro
`,
  fish: `function __nestjs_pyro_complete
  set -l words (commandline -opc)
  set -l found ($words[1] complete -- $words[2..-1] (commandline -ct) 2>/dev/null)
  if test "$found[1]" = ':files'
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $found
  end
end
complete -c nestjs-pyro -f -a '(__nestjs_pyro_complete)'
`,
} as const;
