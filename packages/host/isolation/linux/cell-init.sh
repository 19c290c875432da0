# Process 1 of a cell. It says that its namespaces stand, waits until the host has built the root, then runs the launcher as its child and
# reaps whatever the app leaves behind. A Node process cannot be process 1 itself: it reaps only its own children, and signals that it
# does not handle would do nothing.
echo '{"type":"cell"}' >&4
read -r go
"$@" </dev/null 5<&-
exit $?
