import { expect, test } from "bun:test";
import { proxyEnvironment, registryConfig } from "./registry-config.ts";

test("of npm's settings only those for reaching a registry go into a room, never a token", () => {
  const { npmrc, registry, proxy } = registryConfig({
    registry: "http://registry.internal:4873/",
    "@acme:registry": "https://npm.acme.test/",
    "https-proxy": "http://proxy:3128/",
    proxy: null,
    noproxy: ["localhost", "internal"],
    "strict-ssl": true,
    "//npm.acme.test/:_authToken": "npm_secret",
    _auth: "c2VjcmV0",
    email: "somebody",
    "init-author-name": "x",
    "user-agent": "evil\nregistry=http://elsewhere",
  });
  expect(npmrc.sort()).toEqual([
    "@acme:registry=https://npm.acme.test/",
    "https-proxy=http://proxy:3128/",
    "noproxy=localhost,internal",
    "registry=http://registry.internal:4873/",
    "strict-ssl=true",
  ]);
  expect(registry).toBe("http://registry.internal:4873/");
  expect(proxy).toBe("http://proxy:3128/");
});

test("of the platform's environment only proxies go into a room", () => {
  expect(proxyEnvironment({ HTTPS_PROXY: "http://p", DATABASE_URL: "secret", PATH: "/bin" })).toEqual({
    HTTPS_PROXY: "http://p",
  });
});
