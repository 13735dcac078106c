// The image as seen, at the original picture's resolution, with its legend and recipe line on a strip below.

const LONGEST_SIDE = 2048
const LEGIBLE_WIDTH = 480 // a narrower picture is enlarged by a whole factor, so that its strip can be read

function exportSize({ width, height }) {
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height)) * Math.ceil(LEGIBLE_WIDTH / Math.max(width, LEGIBLE_WIDTH))
  return { width: Math.round(width * scale), height: Math.round(height * scale) }
}
