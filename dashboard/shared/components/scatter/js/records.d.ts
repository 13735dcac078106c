// What the scripts of the map hand to each other. Places: of the screen [left, top] in CSS pixels of the stage; of the
// unit square and of Python's coordinates [x, y].

interface Camera extends Place { zoom: number }
interface Lens { room: Size; extent: Box; camera: Camera } // extent: left, bottom, right, top
interface Coordinates { origin: Pair; span: number }
interface PointGrid { side: number; start: Uint32Array; points: Uint32Array }
type Entry = [code: number, name: string, count: number]
interface ScatterLegend { label: string; entries: Entry[]; ends: Pair | null }
interface Tip { title: string; lines: string[]; image: string | null }
interface Signpost extends Place { label?: string; code: number | null; element: HTMLElement; current?: boolean; size?: Pair | null }
type Lasso = { kind: "lasso" | "box"; mode: SelectMode; path: Pair[] }
type SelectMode = "replace" | "add" | "remove"
type DragKind = "move" | "lasso" | "box"
interface Drag { start: Pair; last: Pair; moved: boolean; kind: DragKind; mode: SelectMode }
interface Pinch { apart: number; middle: Pair }

type PointName = "from" | "to" | "code" | "marked"
type UniformName = "centre" | "scale" | "way" | "size" | "opacity" | "fading" | "rim" | "paper"
interface Gpu {
  gl: WebGL2RenderingContext; count: number; fence: WebGLSync | null; texture: WebGLTexture
  at: Record<UniformName, WebGLUniformLocation | null>; slot: Record<PointName, number>
  buffers: Record<PointName | "order", WebGLBuffer>
}
interface Uniforms {
  centre: Pair; scale: Pair; way: number; size: number; opacity: number; fading: boolean; rim: number[]; paper: number[]
}

interface ScatterElements {
  scatter: HTMLElement; stage: HTMLElement; points: HTMLCanvasElement; over: HTMLCanvasElement; posts: HTMLElement
  tip: HTMLElement; "tip-image": HTMLImageElement; "tip-title": HTMLElement; "tip-colour": HTMLElement
  "tip-swatch": HTMLElement; "tip-lines": HTMLElement; move: HTMLElement; lasso: HTMLElement; box: HTMLElement
  nearer: HTMLElement; farther: HTMLElement; all: HTMLElement; clear: HTMLElement; number: HTMLElement
  selection: HTMLElement; classes: HTMLElement; signs: HTMLElement; "show-all": HTMLElement
  "legend-title": HTMLElement; ramp: HTMLElement; bar: HTMLElement; low: HTMLElement; high: HTMLElement
  words: HTMLElement; empty: HTMLElement; probe: HTMLElement; live: HTMLElement
}
interface Scatter extends Lens, Coordinates {
  signal: AbortSignal; el: ScatterElements; map: string; setTriggerValue: Tell; gpu: Gpu
  can: { choose: boolean; select: boolean; tips: boolean }
  has: Record<string, string | null> // digests of the parts that are shown
  name: string; description: string; steps: Uint16Array; count: number; codes: Uint8Array; marks: Uint8Array | null
  table: Uint8Array; legend: ScatterLegend; grid: PointGrid | null
  ink: number[]; paper: number[]; accent: string; dark: boolean
  hidden: Set<number>; pointedClass: number; fading: boolean; selectedCount: number; highlightedCount: number
  chosen: number | null; hovered: number | null; current: (Place & { label: string; neighbours: number[] }) | null
  posts?: Signpost[]; postUrls?: string[]; signed: boolean
  mode: DragKind; drag: Drag | null; pinch: Pinch | null; lasso: Lasso | null; fingers: Map<number, Pair>
  cross: boolean; crossTimer?: number
  tips: Map<number, Tip>; tipsVersion?: string; wish?: number[] | null; wishTimer?: number | null; requested?: number
  bitmaps?: Map<string, HTMLImageElement>; sight: number[] | null; sightTimer?: number
  way: number; next: number; pace: number; since: number; frame: number | null; overFrame: number | null
  motions?: Record<string, () => void>
  drawPoints(view: Scatter): void; drawOver(view: Scatter): void
}
