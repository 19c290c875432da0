/** Whether somebody accepts a TCP connection on this port of 127.0.0.1. */
export async function listensOn(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: { data() {}, error() {}, connectError() {} },
    });
    socket.terminate();
    return true;
  } catch {
    return false;
  }
}
