import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  build: { outDir: "../public", emptyOutDir: true, assetsDir: "assets" },
  server: { proxy: { "/api": "http://localhost:3000" } },
});
