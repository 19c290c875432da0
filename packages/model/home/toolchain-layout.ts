import type { HomeLayout } from "./home-layout.ts";

/**
 * Folder of a Node runtime as functions see it: `bin/node` in it. The build provisions it (a link to the exact version), the
 * host binds it into the private roots of instances.
 */
export const nodeRuntimeFolder = (layout: Pick<HomeLayout, "toolchain">, major: number): string =>
  `${layout.toolchain}/node/${major}`;

export const nodeRuntimePath = (layout: Pick<HomeLayout, "toolchain">, major: number): string =>
  `${nodeRuntimeFolder(layout, major)}/bin/node`;
