// From raw numbers to grey, through a display window: the browser's side of xai_core/images/display.py.
// A window is {center, width, table}; table: null, or shares of white from its dark to its light end.

import { clamp } from "./clamp.js"
import { contextOf } from "./elements.js"

const LEVELS_16 = 65536
const DRAG_PX = 300 // CSS pixels of dragging that change the window by the width of the first preset

// The colour (RGBA, little-endian) of each stored level; level 0 is no number, and black. levels: {low, step}.
/** @param {DisplayWindow} window @param {Levels} levels */
export function windowTable({ center, width, table }, { low, step }) {
  const dark = center - width / 2
  return Uint32Array.from({ length: LEVELS_16 }, (_, level) => {
    const share = clamp((low + (level - 1) * step - dark) / Math.max(width, 1e-30), 0, 1)
    const grey = level ? Math.round(255 * throughTable(share, table)) : 0
    return 0xff000000 | (grey << 16) | (grey << 8) | grey
  })
}

/** Linear between the entries of a table. @param {number} share @param {number[] | null} table */
function throughTable(share, table) {
  if (!table) return share
  const at = share * (table.length - 1)
  const low = Math.floor(at)
  const high = Math.min(low + 1, table.length - 1)
  return table[low] + (at - low) * (table[high] - table[low])
}

// The slice on a canvas of its own size.
/** @param {HTMLCanvasElement} canvas @param {Slice} slice @param {Uint32Array | null} greys of its levels */
export function paintSlice(canvas, slice, greys) {
  const { width, height, values, grey } = slice
  Object.assign(canvas, { width, height })
  const pixels = new Uint32Array(width * height)
  if (grey && greys) for (let i = 0; i < pixels.length; i++) pixels[i] = greys[values[i]]
  else for (let i = 0, k = 0; i < pixels.length; i++, k += 3) {
    pixels[i] = 0xff000000 | (values[k + 2] << 16) | (values[k + 1] << 8) | values[k]
  }
  contextOf(canvas).putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), width, height), 0, 0)
  return canvas
}

// Dragging to the right widens, down raises the level, as radiological viewers have it.
/** @param {DisplayWindow} window @param {Place} place @param {DisplayWindow} first @returns {DisplayWindow} */
export function draggedWindow(window, { x, y }, first) {
  const gain = first.width / DRAG_PX
  const width = Math.max(first.width / 500, window.width + x * gain)
  return { ...window, width, center: window.center + y * gain }
}

/** @param {DisplayWindow | undefined} a @param {DisplayWindow | undefined} b */
export function sameWindow(a, b) {
  return a?.center === b?.center && a?.width === b?.width && a?.table?.join() === b?.table?.join()
}
