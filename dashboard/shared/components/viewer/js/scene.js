// Where things lie, and drawing them. Lengths are device pixels of one canvas unless said otherwise.

const PIXELS_FROM = 8 // canvas pixels a picture pixel from which its pixels are shown as they are
const OUTSIDE_DIM = 0.4 // how much darker the part is that the model did not see

// The largest size of the picture's shape within the room given, in whole device pixels.
function fitSize(picture, width, height, ratio) {
  const scale = Math.min((width * ratio) / picture.width, (height * ratio) / picture.height)
  return {
    width: Math.max(1, Math.round(picture.width * scale)),
    height: Math.max(1, Math.round(picture.height * scale)),
  }
}

// The pixels whose centres lie in [low, high) of one side: first, count, and each centre's position on the map's axis,
// which runs from 0 at low to n at high. scale: pixels per pixel of the original picture.
function axisArea(low, high, n, scale, size) {
  const first = clamp(Math.ceil(low * scale - 0.5), 0, size)
  const count = clamp(Math.ceil(high * scale - 0.5), first, size) - first
  const position = (i) => (((first + i + 0.5) / scale - low) / (high - low)) * n
  return { first, count, positions: Float64Array.from({ length: count }, (_, i) => position(i)) }
}

// The map sampled at every pixel of a width x height canvas that the box covers.
function sampleArea(picture, map, size, between) {
  const [left, top, right, bottom] = picture.box
  const across = axisArea(left, right, map.cols, size.width / picture.width, size.width)
  const down = axisArea(top, bottom, map.rows, size.height / picture.height, size.height)
  const field = sampleMap(map, down.positions, across.positions, between)
  return { x: across.first, y: down.first, width: across.count, height: down.count, field }
}

function newCanvas({ width, height }) {
  return Object.assign(document.createElement("canvas"), { width, height })
}

function sameSize(a, b) {
  return a.width === b.width && a.height === b.height
}

// The picture, dimmed where the model did not see it.
function drawPicture(context, bitmap, picture, size) {
  context.imageSmoothingQuality = "high"
  context.imageSmoothingEnabled = size.width < PIXELS_FROM * picture.width
  context.drawImage(bitmap, 0, 0, size.width, size.height)
  if (coversPicture(picture)) return
  const { x, y, width, height } = boxOn(picture, size)
  context.beginPath()
  context.rect(0, 0, size.width, size.height)
  context.rect(x, y, width, height)
  context.fillStyle = `rgb(0 0 0 / ${OUTSIDE_DIM})`
  context.fill("evenodd")
}

// putImageData would replace the picture; drawing a canvas of the same pixels blends over it.
function drawHeat(context, area, range, settings, lut) {
  if (!area.width || !area.height) return
  const table = colourTable(lut, settings.opacity, range.vmin < 0 ? "diverging" : "sequential")
  const pixels = paintField(area.field, range, settings.threshold, table)
  const layer = newCanvas(area)
  const image = new ImageData(new Uint8ClampedArray(pixels.buffer), area.width, area.height)
  layer.getContext("2d").putImageData(image, 0, 0)
  context.drawImage(layer, area.x, area.y)
}

function coversPicture({ box: [left, top, right, bottom], width, height }) {
  return left <= 0 && top <= 0 && right >= width && bottom >= height
}

// The box in whole pixels of the canvas: the very pixels that carry heat.
function boxOn(picture, size) {
  const [left, top, right, bottom] = picture.box
  const across = axisArea(left, right, 1, size.width / picture.width, size.width)
  const down = axisArea(top, bottom, 1, size.height / picture.height, size.height)
  return { x: across.first, y: down.first, width: across.count, height: down.count }
}

// A light line in a dark one, to be seen on any picture, around the pixels of a rectangle; at the canvas's edge the
// light line moves inside.
function outline(context, { x, y, width, height }, line) {
  const frame = (grow) => [x - grow, y - grow, x + width + grow, y + height + grow]
  const edge = line / 2
  const stroke = ([left, top, right, bottom], style) => {
    context.strokeStyle = style
    context.strokeRect(left, top, right - left, bottom - top)
  }
  context.lineWidth = line
  stroke(frame(3 * edge), "rgb(0 0 0 / .6)")
  const { width: w, height: h } = context.canvas
  const [left, top, right, bottom] = frame(edge)
  stroke([Math.max(edge, left), Math.max(edge, top), Math.min(w - edge, right), Math.min(h - edge, bottom)], "#fff")
}

// Lines through a place, left open around it so that what is pointed at stays free.
function crosshair(context, { x, y }, line) {
  const { width, height } = context.canvas
  const gap = 8 * line
  const arms = [[0, y, x - gap, y], [x + gap, y, width, y], [x, 0, x, y - gap], [x, y + gap, x, height]]
  for (const [thickness, style] of [[3 * line, "rgb(0 0 0 / .55)"], [line, "#fff"]]) {
    context.beginPath()
    for (const [fromX, fromY, toX, toY] of arms) {
      context.moveTo(fromX, fromY)
      context.lineTo(toX, toY)
    }
    Object.assign(context, { lineWidth: thickness, strokeStyle: style })
    context.stroke()
  }
}
