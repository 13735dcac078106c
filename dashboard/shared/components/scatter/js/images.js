// Near enough, the points become their pictures.

import { clamp } from "../../viewer/js/clamp.js"
import { pointOnScreen } from "./camera.js"
import { colourOf, css } from "./colour.js"
import { pointsInSight } from "./grid.js"
import { drawOverSoon } from "./motion.js"
import { KEPT_TIPS, wantTips } from "./tip.js"

const MOST_IMAGES = 140
const SMALLEST_SIDE = 34
const LARGEST_SIDE = 80

/** @param {Scatter} view @param {Context2D} context */
export function drawImages(view, context) {
  view.sight = mayShowImages(view) ? pointsInSight(view, MOST_IMAGES) : null
  if (!view.sight) return
  wantSight(view)
  const share = Math.sqrt((0.12 * view.room.width * view.room.height) / Math.max(1, view.sight.length))
  const side = clamp(share, SMALLEST_SIDE, LARGEST_SIDE)
  for (const index of view.sight) drawThumbnail(view, context, index, side)
}

/** From afar there is no need to count. @param {Scatter} view */
function mayShowImages({ can, lasso, way, count, camera }) {
  return can.tips && !lasso && way === 1 && count / camera.zoom ** 2 < 40 * MOST_IMAGES
}

/** @param {Scatter} view */
function wantSight(view) {
  clearTimeout(view.sightTimer)
  view.sightTimer = setTimeout(() => view.sight && wantTips(view, view.sight), 120)
}

/** @param {Scatter} view @param {Context2D} context @param {number} index @param {number} side */
function drawThumbnail(view, context, index, side) {
  const bitmap = bitmapOf(view, index)
  if (!bitmap) return
  const [left, top] = pointOnScreen(view, index)
  const longer = Math.max(bitmap.width, bitmap.height)
  const [width, height] = [bitmap.width, bitmap.height].map((length) => (side * length) / longer)
  context.globalAlpha = view.fading && !view.marks?.[index] ? 0.25 : 1
  context.fillStyle = css(colourOf(view, view.codes[index]))
  context.fillRect(left - width / 2 - 2, top - height / 2 - 2, width + 4, height + 4)
  context.drawImage(bitmap, left - width / 2, top - height / 2, width, height)
  context.globalAlpha = 1
}

/** @param {Scatter} view @param {number} index */
function bitmapOf(view, index) {
  const url = view.tips.get(index)?.image
  if (!url) return null
  view.bitmaps ??= new Map()
  const known = view.bitmaps.get(url)
  if (known) return known.complete && known.naturalWidth ? known : null
  const image = new Image()
  image.onload = () => drawOverSoon(view)
  image.src = url
  view.bitmaps.set(url, image)
  const [oldest] = view.bitmaps.keys()
  if (view.bitmaps.size > KEPT_TIPS) view.bitmaps.delete(oldest)
  return null
}
