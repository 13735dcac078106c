// A component keeps one view from run to run of the server, and ends it when it leaves the page.

/** @type {WeakMap<ShadowRoot, { runs: number, abort: AbortController, view?: any }>} */
const MOUNTED = new WeakMap()

/**
 * create(root, signal) gives the view, once; receive(view, component) takes what Python sent with each run.
 * @template V @param {Component} component @param {(root: ShadowRoot, signal: AbortSignal) => V} create
 * @param {(view: V, component: Component) => void} receive
 */
export function mount(component, create, receive) {
  const { parentElement: root } = component
  const mounted = MOUNTED.get(root) ?? { runs: 0, abort: new AbortController() }
  MOUNTED.set(root, mounted)
  mounted.view ??= create(root, mounted.abort.signal)
  const run = ++mounted.runs
  receive(mounted.view, component)
  // Streamlit may clean up after a run that a later one has overtaken: only the last run ends the view.
  return () => {
    if (run !== mounted.runs) return
    mounted.abort.abort()
    MOUNTED.delete(root)
  }
}

/**
 * At most one drawing a frame, however many settings, sizes and maps have changed.
 * @template {Drawn} V @param {V} view @param {(view: V) => void} draw
 */
export function drawSoon(view, draw) {
  view.frame ??= requestAnimationFrame(() => {
    view.frame = null
    if (!view.signal.aborted) draw(view)
  })
}
