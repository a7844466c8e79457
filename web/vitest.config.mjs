import { defineConfig } from "vitest/config";

// Time enough for a machine that does other work beside.
export default defineConfig({
  test: { include: ["test/**/*.test.ts"], reporters: ["default"], pool: "threads", hookTimeout: 60_000, testTimeout: 60_000 },
});
