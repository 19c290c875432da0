#!/bin/sh
# Keeps the supervisor running: starts it again when it was killed, ends when it ended on purpose (exit code 0).
# A shell script, since it must outlive everything and cost nothing (1 MB). Arguments: the command of the supervisor.
set -u
delay=0
restarts=0
child=
trap 'trap - TERM INT; [ -n "$child" ] && kill -TERM "$child" 2>/dev/null' TERM INT
while :; do
  # The data directory is gone: there is nothing left to guard.
  [ -d "$EVENKEEL_HOME" ] || exit 0
  EVENKEEL_SUPERVISOR_RESTARTS=$restarts "$@" &
  child=$!
  wait "$child"
  status=$?
  # `wait` returns early when a signal comes; the supervisor is then still ending.
  while kill -0 "$child" 2>/dev/null; do
    wait "$child"
    status=$?
  done
  # 0: stopped on purpose. 64: it cannot work as it was told to, and never will.
  if [ "$status" -eq 0 ] || [ "$status" -eq 64 ]; then exit "$status"; fi
  echo "guardian: the supervisor ended with $status; starting it again in $delay s"
  sleep "$delay"
  restarts=$((restarts + 1))
  if [ "$delay" -lt 5 ]; then delay=$((delay + 1)); fi
done
