// Where other planes cut a slice: two thin lines, left open around their crossing. at: shares of width and height.

const CUT_GAP = 1 / 24 // of the shorter side

function cutLines(context, [shareX, shareY], line) {
  const { width, height } = context.canvas
  const gap = CUT_GAP * Math.min(width, height)
  const [x, y] = [Math.floor(shareX * width) + 0.5, Math.floor(shareY * height) + 0.5]
  const arms = [[0, y, x - gap, y], [x + gap, y, width, y], [x, 0, x, y - gap], [x, y + gap, x, height]]
  context.beginPath()
  for (const [fromX, fromY, toX, toY] of arms) {
    context.moveTo(fromX, fromY)
    context.lineTo(toX, toY)
  }
  Object.assign(context, { lineWidth: line, strokeStyle: "rgb(255 214 10 / .8)" })
  context.stroke()
}
