// The points on the graphics card, or in the software that stands in for one.

const UNIFORMS = ["centre", "scale", "way", "size", "opacity", "fading", "rim", "paper", "palette"]
const ATTRIBUTES = ["from", "to", "code", "marked"]

// null where the browser has no WebGL2.
function createGpu(canvas) {
  const settings = { antialias: false, depth: true, preserveDrawingBuffer: true, powerPreference: "high-performance" }
  const gl = canvas.getContext("webgl2", settings)
  if (!gl) return null
  const gpu = { gl, count: 0 }
  startGpu(gpu)
  return gpu
}

// Also after the context was lost: everything on it is gone.
function startGpu(gpu) {
  const { gl } = gpu
  const program = gl.createProgram()
  for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(type)
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    gl.attachShader(program, shader)
  }
  gl.linkProgram(program)
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`The map cannot be drawn: ${gl.getProgramInfoLog(program)}`)
  }
  gl.useProgram(program)
  gpu.at = Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)]))
  gpu.slot = Object.fromEntries(ATTRIBUTES.map((name) => [name, gl.getAttribLocation(program, name)]))
  gpu.buffers = Object.fromEntries([...ATTRIBUTES, "order"].map((name) => [name, gl.createBuffer()]))
  gpu.texture = gl.createTexture()
  Object.assign(gpu, { count: 0, fence: null })
  gl.enable(gl.BLEND)
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA)
  gl.enable(gl.DEPTH_TEST)
  gl.depthFunc(gl.LEQUAL)
  gl.clearColor(0, 0, 0, 0)
}

// bytes: u16 x, u16 y a point. keep: let the points travel from where they are.
function uploadPoints(gpu, bytes, count, keep) {
  const { gl, buffers } = gpu
  if (keep) [buffers.from, buffers.to] = [buffers.to, buffers.from]
  fill(gpu, gl.ARRAY_BUFFER, buffers.to, bytes)
  usePoints(gpu, keep)
  if (count === gpu.count) return
  gpu.count = count
  fill(gpu, gl.ELEMENT_ARRAY_BUFFER, buffers.order, drawingOrder(count))
}

function usePoints(gpu, travelling) {
  const { gl, buffers, slot } = gpu
  for (const name of ["from", "to"]) {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[travelling ? name : "to"])
    gl.enableVertexAttribArray(slot[name])
    gl.vertexAttribPointer(slot[name], 2, gl.UNSIGNED_SHORT, true, 4, 0)
  }
}

// bytes: one a point, null for none.
function uploadBytes(gpu, name, bytes) {
  const { gl, buffers, slot } = gpu
  if (!bytes) {
    gl.disableVertexAttribArray(slot[name])
    gl.vertexAttrib1f(slot[name], 0)
    return
  }
  fill(gpu, gl.ARRAY_BUFFER, buffers[name], bytes)
  gl.enableVertexAttribArray(slot[name])
  gl.vertexAttribPointer(slot[name], 1, gl.UNSIGNED_BYTE, false, 1, 0)
}

function fill({ gl }, target, buffer, bytes) {
  gl.bindBuffer(target, buffer)
  gl.bufferData(target, bytes, gl.STATIC_DRAW)
}

// rgba: Uint8Array(1024), one colour a code.
function uploadPalette({ gl, texture }, rgba) {
  gl.bindTexture(gl.TEXTURE_2D, texture)
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, rgba)
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST)
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST)
}

// Steps of about the golden ratio: any beginning of the order is a fair sample of a dataset that lies class after
// class, and no class covers all others.
function drawingOrder(count) {
  const order = new Uint32Array(count)
  let step = Math.max(1, Math.round(count * 0.6180339887))
  while (greatestDivisor(step, count) !== 1) step++
  for (let i = 0, at = 0; i < count; i++, at = (at + step) % count) order[i] = at
  return order
}

function greatestDivisor(a, b) {
  return b ? greatestDivisor(b, a % b) : a
}

function setUniforms({ gl, at }, values) {
  gl.uniform2fv(at.centre, values.centre)
  gl.uniform2fv(at.scale, values.scale)
  gl.uniform3fv(at.rim, values.rim)
  gl.uniform3fv(at.paper, values.paper)
  gl.uniform1i(at.fading, values.fading)
  for (const name of ["way", "size", "opacity"]) gl.uniform1f(at[name], values[name])
}

// Draws points of the order and marks the moment when that is done.
function drawPart(gpu, first, count) {
  const { gl } = gpu
  gl.drawElements(gl.POINTS, count, gl.UNSIGNED_INT, 4 * first)
  gpu.fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0)
  gl.flush()
}

function isBusy(gpu) {
  const { gl, fence } = gpu
  if (!fence) return false
  if (!gl.isContextLost() && gl.getSyncParameter(fence, gl.SYNC_STATUS) !== gl.SIGNALED) return true
  gl.deleteSync(fence)
  gpu.fence = null
  return false
}
