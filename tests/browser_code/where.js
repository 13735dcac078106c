// Where the scripts under test lie, and what the server made of the same things (server_numbers.py).

import { readFileSync } from "node:fs"

const SHARED = new URL("../../dashboard/shared/", import.meta.url)

globalThis.window = new EventTarget() // for scripts that share records through it

export const SERVER = JSON.parse(readFileSync(new URL("server_numbers.json", import.meta.url), "utf-8"))

export const viewer = (name) => import(new URL(`components/viewer/js/${name}.js`, SHARED))
export const scatter = (name) => import(new URL(`components/scatter/js/${name}.js`, SHARED))

export const bytesOf = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16))

// A map {rows, cols, values} of rows of numbers.
export function mapOf(rows) {
  return { rows: rows.length, cols: rows[0].length, values: Float32Array.from(rows.flat()) }
}
