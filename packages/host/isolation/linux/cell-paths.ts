/** Where things stand as an instance sees them in its private root. */
export const cellPaths = {
  /** The function's tree, read-only; the same place as at Vercel. */
  task: "/var/task",
  runtime: "/opt/runtime",
  launcher: "/opt/evenkeel/launcher.cjs",
  /** Holds the instance's socket; the same folder as `<run>/i/<cell>` outside. */
  sockets: "/run/evenkeel/io",
  cacheSockets: "/run/evenkeel/cache",
  /** Compiled code: what an earlier instance left, read-only, or a place to leave it. */
  code: "/var/cache/code",
  accounts: "/run/evenkeel/accounts",
  /** The files of services, writable until their process ends; the same place as at Heroku. */
  app: "/app",
  /** Package managers of services, by name. */
  tools: "/opt/tools",
  /** What a process of services writes into `app`; not for its eyes. */
  layers: "/run/layers",
  enter: "/run/evenkeel/enter.sh",
} as const;
