// SPDX-License-Identifier: ISC
// parcel.mjs LIBRARY FILE: @parcel/watcher on the directory of that file.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname } from "node:path";

const [library, file] = process.argv.slice(2);
const watcher = createRequire(import.meta.url)(library);
const tell = async () => console.log((await readFile(file, "utf8")).trim());

await watcher.subscribe(dirname(file), () => tell().catch(() => {}));
console.log("watching");
