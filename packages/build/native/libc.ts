import { dlopen, type FFIFunction } from "bun:ffi";

/** The C library of this machine: macOS', glibc or musl. */
export function openLibc<Symbols extends Record<string, FFIFunction>>(symbols: Symbols) {
  if (process.platform === "darwin") return dlopen("libSystem.B.dylib", symbols);
  try {
    return dlopen("libc.so.6", symbols);
  } catch {
    return dlopen(`libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`, symbols);
  }
}
