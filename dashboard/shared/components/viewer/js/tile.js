// A small picture with its map, as the gallery and the matrix show it.

// The canvas as large as its frame lets the picture be: {width, height}, or null in a hidden tab.

import { contextOf } from "./elements.js"
import { drawHeat, fitSize, sameSize, sampleArea } from "./scene.js"
import { lutOf } from "./settings.js"
/** @param {HTMLCanvasElement} canvas @param {Size} image */
export function fitTile(canvas, image) {
  const { clientWidth, clientHeight } = /** @type {HTMLElement} */ (canvas.parentElement)
  if (!clientWidth) return null
  const size = fitSize(image, clientWidth, clientHeight, devicePixelRatio)
  if (!sameSize(size, canvas)) Object.assign(canvas, size)
  canvas.style.width = `${size.width / devicePixelRatio}px`
  return size
}

// base: a canvas of the tile's size with the picture alone. The map's samples are kept on the tile, where only
// opacity, threshold or colour change.
/** @param {HTMLCanvasElement} canvas @param {TileDrawing} drawing */
export function drawTile(canvas, { base, image, tile, settings, scales }) {
  const context = contextOf(canvas)
  context.clearRect(0, 0, canvas.width, canvas.height)
  context.drawImage(base, 0, 0)
  if (!tile || tile.message) return
  const drawnAs = `${settings.between} ${base.width} x ${base.height}`
  if (tile.area?.drawnAs !== drawnAs) tile.area = { drawnAs, ...sampleArea(image, tile.map, base, settings.between) }
  drawHeat(context, tile.area, { range: tile, settings, lut: lutOf(settings, tile, scales) })
}
