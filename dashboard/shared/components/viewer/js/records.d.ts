// What the scripts hand to each other. `header` is what the component's Python module packs.

type Box = [left: number, top: number, right: number, bottom: number]
type Pair = [number, number]
type Context2D = CanvasRenderingContext2D
interface Size { width: number; height: number }
interface Place { x: number; y: number }
type Rect = Place & Size
interface Grid { rows: number; cols: number }
interface Cell { row: number; col: number }
interface CellMap extends Grid { values: Float32Array }
type MapPoint = Place & (Cell | { row: null; col: null })
interface Frame extends Size { box: Box } // the picture's size, and the part that the map covers
interface DisplayImage extends Frame { digest: string; name: string }

interface Scale { vmin: number; vmax: number }
interface Measured extends Scale { low: number; peak: number } // of the map's own values
interface Heat extends Scale { label: string; layer: string; description: string; ends: [string, string] | null }
interface Sampled extends Rect { field: Float32Array; between?: Between; drawnAs?: string }
type Between = "nearest" | "bilinear" | "aligned" | "bicubic"
type ScaleKind = "sequential" | "diverging"
interface Drawing { opacity: number; threshold: number; sequential: string; diverging: string; between: Between }
type Scales = Record<string, Uint8Array> // RGB, 256 colours

type Tell = (name: string, value: unknown) => void
interface Component<Data = Uint8Array<ArrayBuffer>> { data: Data; parentElement: ShadowRoot; setTriggerValue: Tell }
interface Payload {
  header: any
  blob: (name: string | number) => Uint8Array<ArrayBuffer>
  floats: (name: string) => Float32Array<ArrayBuffer>
}

// What a view lends to the scripts that several views share.
interface Drawn { signal: AbortSignal; frame?: number | null }
interface Linked { link?: string | null }
interface WithImage { image: DisplayImage | null; bitmap?: ImageBitmap | HTMLCanvasElement | null }
interface FormElements {
  controls: HTMLFieldSetElement; opacity: HTMLInputElement; threshold: HTMLInputElement; scales: HTMLSelectElement
  segments: HTMLElement; "opacity-text": HTMLElement; "threshold-text": HTMLElement
}
interface LegendElements {
  legend: HTMLElement; "legend-title": HTMLElement; bar: HTMLCanvasElement; low: HTMLElement; cut: HTMLElement
  high: HTMLElement; "low-end": HTMLElement; "high-end": HTMLElement
}
interface EdgeElements {
  "edge-left": HTMLElement; "edge-right": HTMLElement; "edge-top": HTMLElement; "edge-bottom": HTMLElement
}
interface Barred { el: LegendElements; heat: Heat; settings(): Drawing; lut(): Uint8Array }
interface Controlled {
  el: FormElements; settings(): Drawing; kind(): ScaleKind; scaleName(): string; change(change: Partial<Drawing>): void
}
interface Held { el: { hold: HTMLButtonElement }; hide(hidden: boolean): void; isActive(): boolean }

interface Viewer extends Drawn, Linked {
  root: ShadowRoot; name: string; setTriggerValue: Tell
  el: FormElements & LegendElements & {
    viewer: HTMLElement; stage: HTMLElement; scene: HTMLCanvasElement; marks: HTMLCanvasElement; banner: HTMLElement
    value: HTMLElement; place: HTMLElement; hold: HTMLButtonElement; download: HTMLElement; caption: HTMLElement
    live: HTMLElement; words: HTMLElement
  }
  image: DisplayImage; bitmap?: ImageBitmap | HTMLCanvasElement | null
  map: CellMap | null; heat: Heat; scales: Scales // where shows()
  message: string | null; caption: string; maxHeight: number | null; compact: boolean; hint?: string
  spot: (Cell & { box: Box }) | null // the chosen unit, and what it sees
  cursor: Cell | null; pointed: MapPoint | null; ghost: boolean; hovered: boolean; hidden: boolean; walking?: number
  base: HTMLCanvasElement | null; area: Sampled | null
  settings(): Drawing; kind(): ScaleKind; scaleName(): string; lut(): Uint8Array; shows(): boolean; isActive(): boolean
  change(change: Partial<Drawing>): void; hide(hidden: boolean): void; pick(point: MapPoint): void
  beforeDraw?(): void; afterMarks?(context: CanvasRenderingContext2D, line: number): void
  drag?(move: Place): void; dragEnd?(): void; contours?(): Pair[][]
}
interface Press extends Place { timer: number; dragged?: boolean }

interface DisplayWindow { center: number; width: number; table: number[] | null } // the display window
interface Levels { low: number; step: number }
interface Slice extends Size { values: Uint16Array | Uint8Array; grey: boolean }
interface SliceMap { map: CellMap; box: Box; heat: Heat }
interface SliceMaps extends Grid { slices: { index: number; box: Box; top: number }[] }
interface Stack {
  url: string; count: number; on(index: number): void; ahead: number; behind: number; at: number; step: number
  slices: Map<number, Slice>; waiting: Set<number>; abort: AbortController; failed: boolean
}
interface Scan {
  url: string; count: number; at: number; window: DisplayWindow; levels: Levels; sizes: Pair[]; maps: SliceMaps
  presets: { window: DisplayWindow }[]; letters: Record<"left" | "right" | "top" | "bottom", string>
}
interface Rolled { rolled?: number }
interface ScanViewer extends Viewer, Rolled {
  el: Viewer["el"] & EdgeElements & {
    slices: HTMLInputElement; number: HTMLElement; "shown-window": HTMLElement; waiting: HTMLElement
  }
  index: number; told: Set<number>; canvas: HTMLCanvasElement; scan: Scan; stack: Stack; kept: Map<number, SliceMap>
  window: DisplayWindow; toldWindow?: DisplayWindow; preset: number | null; greys: Uint32Array | null; stale: boolean
  cross: Pair | null; resting?: number; outlines?: Record<number, Pair[][]>
}

type Numbers = Record<string, number> // plane -> slice
interface Plane { plane: string; along: [string, string] }
interface PlaneView extends Plane, Rolled {
  el: EdgeElements & { scene: HTMLCanvasElement; large: HTMLElement; number: HTMLElement }
  bitmap: HTMLCanvasElement | null; canvas: HTMLCanvasElement; scan: Scan; kept: Map<number, SliceMap>; stack: Stack
  painted?: Slice; greys?: Uint32Array | null
}
interface Planes extends Drawn, Linked {
  hidden: boolean; told: Set<string>; views: PlaneView[]; setTriggerValue: Tell; name: string; large: Plane
  numbers: Numbers; counts: Numbers; window: DisplayWindow; said: string; saidWindow: DisplayWindow; scales: Scales
  greys: Uint32Array | null; resting?: number
}

interface Tile extends Scale { map: CellMap; area?: Sampled; message?: string | null }
interface TileDrawing { base: HTMLCanvasElement; image: Frame; tile: Tile | null; settings: Drawing; scales: Scales }
interface GalleryTile extends Tile, Measured, Grid { name: string }
interface Gallery extends Drawn, WithImage {
  strip: HTMLElement; tiles: GalleryTile[]; image: DisplayImage; selected: string; name: string; scales: Scales
  setTriggerValue: Tell
}
interface MatrixCell extends Tile, Measured, Grid { digest?: string; reason?: string }
interface Matrix extends Drawn, WithImage {
  el: LegendElements & {
    matrix: HTMLElement; table: HTMLTableElement; head: HTMLElement; body: HTMLElement; scroller: HTMLElement
    readout: HTMLElement; progress: HTMLElement; "scale-note": HTMLElement
  }
  cells: (MatrixCell | null)[]; rows: string[]; columns: string[]; selected: Pair | null; choosable: boolean
  reveal: string | null; name: string; scales: Scales; heat: Heat; image: DisplayImage; stop?: Cell
  base: HTMLCanvasElement; baseOf?: string; setTriggerValue: Tell; settings(): Drawing; lut(): Uint8Array
}

interface TileCell extends Cell { index: number }
interface Arrangement extends Size { count: number; page: number; gap: number; tile: number; enlarged: boolean }
interface Tiles extends Drawn, Grid {
  el: LegendElements & {
    tiles: HTMLElement; grid: HTMLElement; value: HTMLElement; place: HTMLElement; "scale-note": HTMLElement
    pages: HTMLElement; previous: HTMLButtonElement; next: HTMLButtonElement; range: HTMLElement; live: HTMLElement
  }
  content: "values" | "rgb"; values: Float32Array | Uint8Array; titles: string[]; label: string; top: number | null
  signed: boolean; columns: number | null; page: number; choosable: boolean; selected: number | null; heat: Heat
  first: number; stop: number; cell: TileCell | null; spot: HTMLElement; ranges: Measured[]; layout: Arrangement
  name: string; scales: Scales; setTriggerValue: Tell; settings(): Drawing; lut(): Uint8Array
}

interface Term extends Cell { weight: number; value: number }
interface Probe extends Drawn, Linked {
  el: LegendElements & {
    probe: HTMLElement; cells: HTMLCanvasElement; "cell-marks": HTMLCanvasElement; output: HTMLCanvasElement
    "output-marks": HTMLCanvasElement; "grid-title": HTMLElement; "output-title": HTMLElement; place: HTMLElement
    equation: HTMLElement; live: HTMLElement
  }
  map: CellMap; size: Size; heat: Heat; mode: Between; legend: boolean; name: string; scales: Scales; pixel: Cell
  terms: Term[]; settings(): Drawing; lut(): Uint8Array
}

interface Strip extends Linked, Controlled, Held {
  root: ShadowRoot; signal: AbortSignal; el: FormElements & { hold: HTMLButtonElement }; name: string
  kindOfScale: ScaleKind; scales: Scales
}

interface Window { sightlineSettings?: Map<string, Drawing>; sightlineScatter?: Map<string, Map<string, Payload>> }
