// An app that tries to get out. Each attempt answers with what happened to it; `done` means that it succeeded.
const fs = require("node:fs");
const net = require("node:net");
const { spawn, spawnSync } = require("node:child_process");

const attempt = (act) => {
  try {
    const result = act();
    return { done: result === undefined ? true : result };
  } catch (error) {
    return { refused: error.code ?? error.message };
  }
};
const connect = (path) =>
  new Promise((resolve) => {
    const socket = net.connect(path, () => {
      socket.destroy();
      resolve({ done: true });
    });
    socket.on("error", (error) => resolve({ refused: error.code }));
  });
const run = (command, ...args) => {
  const { status, error } = spawnSync(command, args, { timeout: 10_000 });
  return error ? { refused: error.code } : status === 0 ? { done: true } : { refused: `status ${status}` };
};

const attempts = {
  read: ({ path }) =>
    attempt(() => (fs.statSync(path).isDirectory() ? fs.readdirSync(path) : fs.readFileSync(path, "latin1"))),
  write: ({ path }) => attempt(() => fs.writeFileSync(path, "changed")),
  connect: ({ path }) => connect(path),
  signal: ({ pid, name }) => attempt(() => process.kill(pid, name) && undefined),
  processes: () => ({
    done: fs
      .readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number),
  }),
  becomeRoot: () => attempt(() => process.setuid(0)),
  giveAway: () => attempt(() => process.setgid(0)),
  run: ({ argv }) => run(...argv),
  me: () => ({
    done: {
      uid: process.getuid(),
      gid: process.getgid(),
      groups: process.getgroups(),
      threads: fs
        .readdirSync("/proc/self/task")
        .map((id) => /^Uid:\t(\d+)/m.exec(fs.readFileSync(`/proc/self/task/${id}/status`, "utf8"))[1]),
      status: Object.fromEntries(
        fs
          .readFileSync("/proc/self/status", "utf8")
          .split("\n")
          .filter((line) => /^(Cap\w+|NoNewPrivs):/.test(line))
          .map((line) => line.split(":\t")),
      ),
      // proc(5), field 41; the command's name, field 2, stands in parentheses.
      schedulingPolicy: Number(fs.readFileSync("/proc/self/stat", "utf8").split(") ")[1].split(" ")[38]),
      limits: fs.readFileSync("/proc/self/limits", "utf8"),
      environment: process.env,
      directory: process.cwd(),
    },
  }),
  fill: ({ path, mebibytes }) => {
    const block = Buffer.alloc(1024 * 1024, 1);
    const file = fs.openSync(path, "w");
    const result = attempt(() => {
      for (let written = 0; written < mebibytes; written++) fs.writeSync(file, block);
    });
    const { size } = fs.fstatSync(file);
    fs.closeSync(file);
    fs.rmSync(path);
    return { ...result, size };
  },
  bomb: async ({ count }) => {
    const children = [];
    let refused = 0;
    for (let made = 0; made < count; made++) {
      const child = spawn("/bin/sleep", ["1000"], { stdio: "ignore" });
      if (child.pid === undefined) {
        child.on("error", () => {});
        refused++;
      } else children.push(child);
    }
    for (const child of children) child.kill("SIGKILL");
    return { started: children.length, refused };
  },
  devour: () => {
    const kept = [];
    for (;;) kept.push(Buffer.alloc(16 * 1024 * 1024, 1));
  },
  hold: ({ mebibytes }) => {
    globalThis.held = Array.from({ length: mebibytes }, () => Buffer.alloc(1024 * 1024, 1));
    return { done: true };
  },
};

module.exports = async (request, response) => {
  const { act, ...options } = JSON.parse(new URL(request.url, "http://localhost").searchParams.get("do"));
  response.end(JSON.stringify(await attempts[act](options)));
};
