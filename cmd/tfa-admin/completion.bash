# Completion of tfa-admin for bash; made by "tfa-admin completion bash".
_tfa_admin() {
	local line word=${COMP_WORDS[COMP_CWORD]}
	local words=("${COMP_WORDS[@]:1:COMP_CWORD-1}")
	if [[ $word == = ]]; then # --kind= is two words to bash
		words+=("=")
		word=
	fi
	COMPREPLY=()
	while IFS= read -r line; do
		COMPREPLY+=("$(printf %q "$line")")
	done < <("${COMP_WORDS[0]}" __complete "=$word" "${words[@]}" 2>/dev/null)
}
complete -o default -F _tfa_admin tfa-admin
