# <shell> <folder> <command> [name [argument]...]. Runs as the app: takes its environment from standard input, one variable a line, then becomes the shell that runs its command.
# (An environment given to the programs before would have been root's; on a command line anybody could read it.)
while IFS= read -r ek_line; do
  case $ek_line in
    end) break ;;
    terminal) ek_terminal=yes ;;
    plain:*) command export "${ek_line#plain:}" ;;
    # What holds a line feed: its bytes in octal. The x keeps the last line feed, which the substitution would take away.
    coded:*) ek_text=$(printf '%bx' "${ek_line#coded:}"); command export "${ek_text%x}" ;;
  esac
done
unset ek_line ek_text
cd "$2" || exit
ek_shell=$1
shift 2
# The command leads a session of its own with descriptor 6 as its terminal, so that Ctrl-C reaches it and job control works.
if [ "${ek_terminal:-}" ]; then
  unset ek_terminal
  exec setsid -c -w "$ek_shell" -c "$@" <&6 >&6 2>&6 6>&-
fi
exec "$ek_shell" -c "$@"
