/**
 * The command that runs its arguments in new namespaces, with no capability but those to change ids, and without a way to new
 * privileges. `--kill-child`: the first process of the namespaces, and with it all others, ends with the command.
 */
export const confinement: readonly string[] = [
  ...["unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child", "--mount-proc"],
  ...["--propagation", "private"],
  ...["setpriv", "--no-new-privs", "--bounding-set", "-all,+setuid,+setgid", "--inh-caps", "-all"],
];
