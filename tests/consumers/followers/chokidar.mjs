// SPDX-License-Identifier: ISC
// chokidar.mjs LIBRARY FILE: chokidar on that file, with its defaults.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [library, file] = process.argv.slice(2);
const main = createRequire(import.meta.url)(`${library}/package.json`).main ?? "index.js";
const loaded = await import(pathToFileURL(`${library}/${main}`));
const chokidar = loaded.watch ? loaded : loaded.default;
const tell = async () => console.log((await readFile(file, "utf8")).trim());

chokidar.watch(file, { ignoreInitial: true }).on("ready", () => console.log("watching")).on("all", () => tell().catch(() => {}));
