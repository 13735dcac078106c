// One page of tiles: how many fit, what each holds, and painting its cells.

const BORDER = 8 // CSS pixels around a canvas: css/tiles.css
const LEAST_GAP = 8
const MOST_GAP = 20
const FITTED = 76 // CSS pixels of a canvas where the columns follow the width
const SMALLEST = 40 // and of one where they are given
const LARGEST = 240

// Columns, the gap between them, and the canvas's CSS size: a whole number of device pixels a cell wherever a cell has
// at least one; what that leaves goes to the gaps.
function arrange({ rows, cols, columns, titles, page }, room, ratio) {
  const fits = (side) => Math.max(1, Math.floor((room + LEAST_GAP) / (side + BORDER + LEAST_GAP)))
  const count = Math.max(1, Math.min(columns ?? Infinity, fits(columns ? SMALLEST : FITTED), titles.length))
  const most = Math.min(LARGEST, Math.floor((room + LEAST_GAP) / count) - LEAST_GAP - BORDER)
  const scale = (most * ratio) / cols
  const side = (scale >= 1 ? Math.floor(scale) : scale) / ratio
  const tile = columns ? side * cols : Math.max(side * cols, FITTED) // words need room where a canvas is small
  const gap = count > 1 ? clamp((room - count * (tile + BORDER)) / (count - 1), LEAST_GAP, MOST_GAP) : 0
  return { count, page, gap, tile, width: side * cols, height: side * rows, enlarged: scale >= 1 }
}

function pageSize({ count, page }) {
  return count * Math.max(1, Math.floor(page / count))
}

function startOfPage(view, index) {
  const size = pageSize(view.layout)
  return Math.floor(hold(index, Math.max(1, view.titles.length)) / size) * size
}

function mapAt({ rows, cols, values }, index) {
  return values.subarray(index * rows * cols, (index + 1) * rows * cols)
}

function extremes(view, index) {
  const map = mapAt(view, index)
  let [low, peak] = [map[0], map[0]]
  for (const value of map) {
    if (value < low) low = value
    if (value > peak) peak = value
  }
  return { low, peak }
}

// {vmin, vmax} of a tile's scale and {low, peak} of its values, found when its page is first shown.
function rangeOf(view, index) {
  return (view.ranges[index] ??= findRange(view, extremes(view, index)))
}

function findRange({ top, signed }, { low, peak }) {
  const vmax = top ?? Math.max(0, signed ? Math.max(peak, -low) : peak)
  return { vmin: signed ? -vmax : 0, vmax, low, peak }
}

// A map of one value has no scale: it gets the colour of zero.
function paintCells(map, { vmin, vmax }, signed, lut) {
  const pixels = new Uint8ClampedArray(4 * map.length).fill(255)
  map.forEach((value, i) => {
    const part = vmax > vmin ? (value - vmin) / (vmax - vmin) : signed ? 0.5 : 0
    const entry = 3 * clamp(Math.floor(256 * part), 0, 255)
    for (let c = 0; c < 3; c++) pixels[4 * i + c] = lut[entry + c]
  })
  return pixels
}

function paintRgb({ rows, cols, values }, index) {
  const pixels = new Uint8ClampedArray(4 * rows * cols).fill(255)
  const start = 3 * rows * cols * index
  for (let i = 0; i < rows * cols; i++) for (let c = 0; c < 3; c++) pixels[4 * i + c] = values[start + 3 * i + c]
  return pixels
}

function drawTile(view, canvas, index) {
  const { rows, cols, content, signed } = view
  const pixels = content === "rgb" ? paintRgb(view, index)
    : paintCells(mapAt(view, index), rangeOf(view, index), signed, view.lut())
  if (canvas.width !== cols || canvas.height !== rows) Object.assign(canvas, { width: cols, height: rows })
  canvas.getContext("2d").putImageData(new ImageData(pixels, cols, rows), 0, 0)
}
