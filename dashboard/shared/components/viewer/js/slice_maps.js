// The maps of several slices as one array: slice -> {map, box, heat}. heat: how they are drawn, or null for no maps.

function mapsBySlice({ rows, cols, slices }, values, heat) {
  const kept = new Map()
  slices.forEach(({ index, box, top }, i) => {
    const map = { rows, cols, values: values.subarray(i * rows * cols, (i + 1) * rows * cols) }
    kept.set(index, { map, box, heat: { ...heat, vmin: -top, vmax: top } })
  })
  return kept
}
