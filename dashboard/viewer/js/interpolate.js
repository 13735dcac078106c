// Values between the cells of a map, as torch.nn.functional.interpolate gives them: half-pixel centres
// (align_corners=False), edges clamped. A position p on an axis of n cells runs from 0 to n; cell i covers [i, i + 1).

// mode -> the [index, weight] pairs that make up the value at a position.
const TAPS = {
  nearest: (p, n) => [[clamp(Math.floor(p), 0, n - 1), 1]],
  bilinear: (p, n) => {
    const q = clamp(p - 0.5, 0, n - 1)
    const low = Math.floor(q)
    return [[low, 1 - (q - low)], [Math.min(low + 1, n - 1), q - low]]
  },
}

function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value))
}

function axisTaps(positions, n, mode) {
  const taps = Array.from(positions, (p) => TAPS[mode](p, n))
  return {
    count: taps.length ? taps[0].length : 0,
    index: Int32Array.from(taps.flat(), ([index]) => index),
    weight: Float64Array.from(taps.flat(), ([, weight]) => weight),
  }
}

// map {values, rows, cols} at every pair of ys, xs (grid positions): Float32Array (ys.length, xs.length).
function sampleMap(map, ys, xs, mode) {
  const down = axisTaps(ys, map.rows, mode)
  const across = axisTaps(xs, map.cols, mode)
  const field = new Float32Array(ys.length * xs.length)
  const line = new Float64Array(map.cols)
  for (let y = 0; y < ys.length; y++) {
    blendRows(map, down, y, line)
    sampleLine(line, across, field, y * xs.length, xs.length)
  }
  return field
}

function blendRows(map, down, y, line) {
  line.fill(0)
  for (let k = y * down.count; k < (y + 1) * down.count; k++) {
    const start = down.index[k] * map.cols
    for (let c = 0; c < map.cols; c++) line[c] += down.weight[k] * map.values[start + c]
  }
}

function sampleLine(line, across, field, start, width) {
  const { count, index, weight } = across
  for (let x = 0, k = 0; x < width; x++) {
    let value = 0
    for (let tap = 0; tap < count; tap++, k++) value += weight[k] * line[index[k]]
    field[start + x] = value
  }
}
