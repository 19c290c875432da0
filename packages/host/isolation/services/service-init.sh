# Process 1 of a service's cell (without isolation: the leader of its process group). It says that it stands, waits until the host has built
# the root, then runs the command as its child, reaps what that leaves behind, and writes down how it ended, for a host that did not
# see it. A host that is gone before it said anything starts nothing.
# The traps do nothing but keep this shell alive while its group is asked to end; the command does not inherit them.
trap : TERM INT HUP QUIT
echo cell >&3
read -r go || exit 0
exec 3>&-
"$@" 4>&- 5<&-
status=$?
echo "$status" >&4
exit "$status"
