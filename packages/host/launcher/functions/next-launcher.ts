import { basename } from "node:path";

/** Whether Next.js's builder (`@vercel/next`) made the function; it names every launcher so. */
export const isNextLauncher = (handler: string): boolean => basename(handler).startsWith("___next_launcher");
