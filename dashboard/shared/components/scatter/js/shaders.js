// Each point is a disc whose colour, size and depth follow from two bytes: its colour code, and whether it is selected
// (bit 0) or highlighted (bit 1). Depth puts what matters on top, whatever the order of drawing.

export const VERTEX = `#version 300 es
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

export const FRAGMENT = `#version 300 es
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
