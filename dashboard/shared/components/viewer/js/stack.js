// The slices of a scan, fetched as they are neared and kept as raw numbers, so that scrolling and the display window
// need nothing of the server. Reads what dashboard/mri/stack.py writes.

const AHEAD = 24 // slices fetched in the direction of the scrolling
const BEHIND = 8
const AT_ONCE = 4 // requests
const KEPT_BYTES = 128e6
const HEAD_BYTES = 12
const NOTCH = 50 // pixels of the wheel in one event from which it is a notch, and not a touch pad
const PAD = 30 // pixels that a touch pad moves for one slice

/**
 * on(index): called when a slice has come. ahead, behind: how many are fetched beside the one looked at.
 * @param {Pick<Stack, "url" | "count">} scan @param {(index: number) => void} on
 * @param {Pick<Stack, "ahead" | "behind">} [reach] @returns {Stack}
 */
export function createStack({ url, count }, on, { ahead, behind } = { ahead: AHEAD, behind: BEHIND }) {
  const fetching = { slices: new Map(), waiting: new Set(), abort: new AbortController(), failed: false }
  return { url, count, on, ahead, behind, at: 0, step: 1, ...fetching }
}

/** @param {Stack | undefined} stack */
export function endStack(stack) {
  stack?.abort.abort()
}

/** The slice, or null while it is on its way. @param {Stack} stack @param {number} index */
export function sliceAt(stack, index) {
  return stack.slices.get(index) ?? null
}

// Say where the reader is: what lies ahead is fetched, what lies far is dropped.
/** @param {Stack} stack @param {number} index */
export function nearTo(stack, index) {
  if (index !== stack.at) stack.step = Math.sign(index - stack.at)
  stack.at = index
  dropFar(stack)
  fetchNext(stack)
}

/** @param {Stack} stack */
function wantedNext({ at, step, count, ahead, behind, slices, waiting }) {
  const next = Array.from({ length: ahead + 1 }, (_, i) => at + i * step)
  const before = Array.from({ length: behind }, (_, i) => at - (i + 1) * step)
  const order = [...next.slice(0, behind + 1), ...before, ...next.slice(behind + 1)]
  return order.find((i) => i >= 0 && i < count && !slices.has(i) && !waiting.has(i))
}

/** @param {Stack} stack */
function fetchNext(stack) {
  while (stack.waiting.size < AT_ONCE && !stack.failed) {
    const index = wantedNext(stack)
    if (index === undefined) return
    stack.waiting.add(index)
    fetchSlice(stack, index)
  }
}

/** @param {Stack} stack @param {number} index */
async function fetchSlice(stack, index) {
  try {
    const answer = await fetch(`${stack.url}/${index}`, { signal: stack.abort.signal, cache: "no-store" })
    if (!answer.ok) throw new Error(String(answer.status))
    stack.slices.set(index, decodeSlice(await answer.arrayBuffer()))
  } catch {
    stack.failed = true
  }
  stack.waiting.delete(index)
  if (stack.abort.signal.aborted) return
  stack.on(index)
  if (!stack.failed) fetchNext(stack)
}

// uint32 width, height, channels; then uint16 levels of grey (1), or bytes of red, green and blue (3).
/** @param {ArrayBuffer} buffer @returns {Slice} */
export function decodeSlice(buffer) {
  const [width, height, channels] = new Uint32Array(buffer, 0, 3)
  const values = channels === 1 ? new Uint16Array(buffer, HEAD_BYTES) : new Uint8Array(buffer, HEAD_BYTES)
  return { width, height, values, grey: channels === 1 }
}

/** @param {Stack} stack */
function dropFar({ slices, at }) {
  const size = [...slices.values()].reduce((sum, slice) => sum + slice.values.byteLength, 0)
  if (size <= KEPT_BYTES) return
  const far = [...slices.keys()].sort((a, b) => Math.abs(b - at) - Math.abs(a - at))
  let left = size
  for (const index of far) {
    if (left <= KEPT_BYTES / 2) return
    left -= slices.get(index)?.values.byteLength ?? 0
    slices.delete(index)
  }
}

// The maps of several slices as one array: slice -> {map, box, heat}. heat: how they are drawn, or null for no maps.
/** @param {SliceMaps} view @param {Float32Array} values @param {Heat} heat @returns {Map<number, SliceMap>} */
export function mapsBySlice({ rows, cols, slices }, values, heat) {
  const kept = new Map()
  slices.forEach(({ index, box, top }, i) => {
    const map = { rows, cols, values: values.subarray(i * rows * cols, (i + 1) * rows * cols) }
    kept.set(index, { map, box, heat: { ...heat, vmin: -top, vmax: top } })
  })
  return kept
}

/** The letters at a slice's edges. @param {EdgeElements} el @param {Scan["letters"]} letters */
export function showEdges(el, { left, right, top, bottom }) {
  el["edge-left"].textContent = left
  el["edge-right"].textContent = right
  el["edge-top"].textContent = top
  el["edge-bottom"].textContent = bottom
}

// How many slices to go on; what is less than one is kept on the view.
/** @param {Rolled} view @param {WheelEvent} event */
export function wheelSteps(view, event) {
  const pixels = event.deltaY * (event.deltaMode ? NOTCH : 1)
  view.rolled = Math.abs(pixels) >= NOTCH ? Math.sign(pixels) * PAD : (view.rolled ?? 0) + pixels
  const steps = Math.trunc(view.rolled / PAD)
  view.rolled -= steps * PAD
  return steps
}
