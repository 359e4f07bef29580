// What the programs of this folder share: packages in RNNSYM_NODE_MODULES, a browser to itself.

import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const require = createRequire(join(process.env.RNNSYM_NODE_MODULES ?? ".", "x.js"));

const QUIET = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

// Starts Chromium, or another browser with options of its own; stop ends it and removes its profile.
export async function start(executablePath, options = { args: QUIET }) {
  const profile = mkdtempSync(join(tmpdir(), "rnnsym-browser-"));
  const browser = await require("puppeteer-core").launch({
    executablePath, headless: true, userDataDir: profile, ...options,
  });
  const stop = async () => {
    await browser.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { browser, stop };
}
