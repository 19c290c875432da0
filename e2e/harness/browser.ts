import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";

const candidates = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/**
 * Headless Chromium of the system with an empty profile. `*.localhost` resolves to loopback in it by itself.
 *
 * @param userAgent instead of its own, which says that it is headless
 */
export async function openBrowser(
  userAgent?: string,
): Promise<{ context: BrowserContext; close(): Promise<void> }> {
  const executablePath = candidates.find((path) => existsSync(path));
  if (!executablePath) throw new Error("Chromium is missing: apt-get install chromium");
  const profile = mkdtempSync(join(tmpdir(), "ek-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    ...(userAgent !== undefined && { userAgent }),
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  return {
    context,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
