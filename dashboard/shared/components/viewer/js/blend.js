// From values to colours. The colour is that of matplotlib's rule: entry floor(256 t) of the scale, t from vmin to
// vmax.
//
// Alpha is opacity * ramp, where ramp rises in a straight line from 0 at no evidence to 1 at a quarter of the scale's
// end: weak evidence stays see-through and the picture readable, and three quarters of the scale have one opacity, so
// that their colours can be compared with the colour bar. Nothing is drawn at or below zero, nor below the threshold
// (a part of the scale's larger end). A diverging scale does the same with the distance from zero.

import { clamp } from "./clamp.js"

const RAMP_END = 0.25
const LEVELS = 1024 // finer than the 256 colours, so that alpha has no steps of its own

/** Where the colour of a share of the scale, 0 to 1, begins in its table. @param {number} share */
export function entryAt(share) {
  return 3 * clamp(Math.floor(256 * share), 0, 255)
}

/** @param {Uint8Array} lut @param {number} share */
export function colourAt(lut, share) {
  return lut.subarray(entryAt(share), entryAt(share) + 3)
}

// RGBA of each level as a little-endian uint32, the byte order of ImageData in every browser.
/** @param {Uint8Array} lut @param {number} opacity @param {ScaleKind} kind */
export function colourTable(lut, opacity, kind) {
  return Uint32Array.from({ length: LEVELS }, (_, level) => {
    const t = (level + 0.5) / LEVELS
    const strength = kind === "diverging" ? Math.abs(2 * t - 1) : t
    const alpha = Math.round(255 * opacity * Math.min(1, strength / RAMP_END))
    const entry = 3 * (level >> 2)
    return (alpha << 24) | (lut[entry + 2] << 16) | (lut[entry + 1] << 8) | lut[entry]
  })
}

// field: Float32Array of values; range {vmin, vmax}; threshold in [0, 1]. Gives Uint32Array RGBA, 0 for nothing drawn.
/** @param {Float32Array} field @param {Scale} range @param {number} threshold @param {Uint32Array} table */
export function paintField(field, range, threshold, table) {
  const { vmin, vmax } = range
  const signed = vmin < 0
  const cut = threshold * Math.max(vmax, -vmin)
  const gain = LEVELS / (vmax - vmin)
  const pixels = new Uint32Array(field.length)
  for (let i = 0; i < field.length; i++) {
    const value = field[i]
    const strength = signed && value < 0 ? -value : value
    if (!(strength > 0) || strength < cut) continue
    const level = (value - vmin) * gain
    pixels[i] = table[level >= LEVELS ? LEVELS - 1 : level > 0 ? level | 0 : 0]
  }
  return pixels
}
