// The points on the graphics card, or in the software that stands in for one.

/** @type {UniformName[]} */
const UNIFORMS = ["centre", "scale", "way", "size", "opacity", "fading", "rim", "paper"]
/** @type {PointName[]} */
const ATTRIBUTES = ["from", "to", "code", "marked"]

/** null where the browser has no WebGL2. @param {HTMLCanvasElement} canvas */
export function createGpu(canvas) {
  const gl = canvas.getContext("webgl2", {
    antialias: false, depth: true, preserveDrawingBuffer: true, powerPreference: "high-performance",
  })
  if (!gl) return null
  const gpu = /** @type {Gpu} */ ({ gl, count: 0 })
  startGpu(gpu)
  return gpu
}

/** Also after the context was lost: everything on it is gone. @param {Gpu} gpu */
export function startGpu(gpu) {
  const { gl } = gpu
  const program = gl.createProgram()
  attach(gl, program, gl.VERTEX_SHADER, VERTEX)
  attach(gl, program, gl.FRAGMENT_SHADER, FRAGMENT)
  gl.linkProgram(program)
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    throw new Error(`The map cannot be drawn: ${gl.getProgramInfoLog(program)}`)
  }
  gl.useProgram(program)
  Object.assign(gpu, {
    count: 0, fence: null, texture: gl.createTexture(),
    at: Object.fromEntries(UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)])),
    slot: Object.fromEntries(ATTRIBUTES.map((name) => [name, gl.getAttribLocation(program, name)])),
    buffers: Object.fromEntries([...ATTRIBUTES, "order"].map((name) => [name, gl.createBuffer()])),
  })
  gl.enable(gl.BLEND)
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA)
  gl.enable(gl.DEPTH_TEST)
  gl.depthFunc(gl.LEQUAL)
  gl.clearColor(0, 0, 0, 0)
}

/** @param {WebGL2RenderingContext} gl @param {WebGLProgram} program @param {number} type @param {string} source */
function attach(gl, program, type, source) {
  const shader = /** @type {WebGLShader} */ (gl.createShader(type))
  gl.shaderSource(shader, source)
  gl.compileShader(shader)
  gl.attachShader(program, shader)
}

// bytes: u16 x, u16 y a point. keep: let the points travel from where they are.
/** @param {Gpu} gpu @param {Uint8Array} bytes @param {number} count @param {boolean} keep */
export function uploadPoints(gpu, bytes, count, keep) {
  const { gl, buffers } = gpu
  if (keep) [buffers.from, buffers.to] = [buffers.to, buffers.from]
  fill(gpu, gl.ARRAY_BUFFER, buffers.to, bytes)
  usePoints(gpu, keep)
  if (count === gpu.count) return
  gpu.count = count
  fill(gpu, gl.ELEMENT_ARRAY_BUFFER, buffers.order, drawingOrder(count))
}

/** @param {Gpu} gpu @param {boolean} travelling */
function usePoints(gpu, travelling) {
  const { gl, buffers, slot } = gpu
  for (const name of /** @type {const} */ (["from", "to"])) {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers[travelling ? name : "to"])
    gl.enableVertexAttribArray(slot[name])
    gl.vertexAttribPointer(slot[name], 2, gl.UNSIGNED_SHORT, true, 4, 0)
  }
}

// bytes: one a point, null for none.
/** @param {Gpu} gpu @param {"code" | "marked"} name @param {Uint8Array | null} bytes */
export function uploadBytes(gpu, name, bytes) {
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

/** @param {Gpu} gpu @param {number} target @param {WebGLBuffer} buffer @param {ArrayBufferView} bytes */
function fill({ gl }, target, buffer, bytes) {
  gl.bindBuffer(target, buffer)
  gl.bufferData(target, bytes, gl.STATIC_DRAW)
}

/** rgba: Uint8Array(1024), one colour a code. @param {Gpu} gpu @param {Uint8Array} rgba */
export function uploadPalette({ gl, texture }, rgba) {
  gl.bindTexture(gl.TEXTURE_2D, texture)
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, rgba)
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST)
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST)
}

// Steps of about the golden ratio: any beginning of the order is a fair sample of a dataset that lies class after
// class, and no class covers all others.
/** @param {number} count */
export function drawingOrder(count) {
  const order = new Uint32Array(count)
  let step = Math.max(1, Math.round(count * 0.6180339887))
  while (greatestDivisor(step, count) !== 1) step++
  for (let i = 0, at = 0; i < count; i++, at = (at + step) % count) order[i] = at
  return order
}

/** @param {number} a @param {number} b @returns {number} */
function greatestDivisor(a, b) {
  return b ? greatestDivisor(b, a % b) : a
}

/** @param {Gpu} gpu @param {Uniforms} values */
export function setUniforms({ gl, at }, values) {
  gl.uniform2fv(at.centre, values.centre)
  gl.uniform2fv(at.scale, values.scale)
  gl.uniform3fv(at.rim, values.rim)
  gl.uniform3fv(at.paper, values.paper)
  gl.uniform1i(at.fading, Number(values.fading))
  gl.uniform1f(at.way, values.way)
  gl.uniform1f(at.size, values.size)
  gl.uniform1f(at.opacity, values.opacity)
}

// Draws points of the order and marks the moment when that is done.
/** @param {Gpu} gpu @param {number} first @param {number} count */
export function drawPart(gpu, first, count) {
  const { gl } = gpu
  gl.drawElements(gl.POINTS, count, gl.UNSIGNED_INT, 4 * first)
  gpu.fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0)
  gl.flush()
}

/** @param {Gpu} gpu */
export function isBusy(gpu) {
  const { gl, fence } = gpu
  if (!fence) return false
  if (!gl.isContextLost() && gl.getSyncParameter(fence, gl.SYNC_STATUS) !== gl.SIGNALED) return true
  gl.deleteSync(fence)
  gpu.fence = null
  return false
}

// Each point is a disc whose colour, size and depth follow from two bytes: its colour code, and whether it is selected
// (bit 0) or highlighted (bit 1). Depth puts what matters on top, whatever the order of drawing.

const VERTEX = `#version 300 es
in vec2 from;
in vec2 to;
in float code;
in float marked;
uniform vec2 centre;
uniform vec2 scale;      // from the unit square to clip space
uniform float way;       // 0 at the old places, 1 at the new
uniform float size;      // device pixels
uniform float opacity;
uniform bool fading;     // some points are marked: the others fade
uniform vec3 rim;        // around highlighted points
uniform vec3 paper;
uniform sampler2D palette;
out vec4 fill;
out vec4 edge;
flat out float radius;
void main() {
  vec4 colour = texelFetch(palette, ivec2(int(code), 0), 0);
  bool highlighted = marked >= 1.5;
  bool bright = !fading || marked >= 0.5;
  float weight = bright ? 1.0 : 0.22;
  if (colour.a == 0.0) { gl_Position = vec4(2.0, 2.0, 2.0, 1.0); return; }
  vec2 place = (mix(from, to, way) - centre) * scale;
  float layer = highlighted ? -0.6 : bright && fading ? -0.3 : colour.a < 1.0 ? 0.6 : 0.3;
  gl_Position = vec4(place, layer, 1.0);
  gl_PointSize = highlighted ? max(size * 1.5, size + 4.0) : bright && fading ? size * 1.15 : size;
  radius = gl_PointSize * 0.5;
  float alpha = highlighted ? 1.0 : (fading && bright ? max(opacity, 0.9) : opacity) * weight * colour.a;
  fill = vec4(bright ? colour.rgb : mix(colour.rgb, vec3(dot(colour.rgb, vec3(0.3, 0.59, 0.11))), 0.6), alpha);
  edge = highlighted ? vec4(rim, 1.0) : vec4(mix(colour.rgb, paper, 0.75), alpha);
}`

const FRAGMENT = `#version 300 es
precision mediump float;
in vec4 fill;
in vec4 edge;
flat in float radius;
out vec4 pixel;
void main() {
  if (radius < 1.6) { pixel = vec4(fill.rgb * fill.a, fill.a); return; }  // a disc of three pixels is a square
  float away = length(gl_PointCoord - 0.5) * 2.0 * radius;
  float cover = clamp(radius - away, 0.0, 1.0);
  if (cover <= 0.0) discard;
  float width = max(1.0, radius * 0.16);
  float rim = radius < 3.0 ? 0.0 : clamp(away - (radius - width - 0.5), 0.0, 1.0);
  vec4 colour = mix(fill, edge, rim);
  pixel = vec4(colour.rgb, 1.0) * colour.a * cover;
}`
