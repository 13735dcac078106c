// A component keeps one view from run to run of the server, and ends it when it leaves the page.

const MOUNTED = new WeakMap()

// create(root, signal) gives the view, once; receive(view, component) takes what Python sent with each run.
function mount(component, create, receive) {
  const { parentElement: root } = component
  if (!MOUNTED.has(root)) MOUNTED.set(root, { runs: 0, abort: new AbortController() })
  const mounted = MOUNTED.get(root)
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

// {name: element} of the classes named, null where there is none.
function findByClass(root, names) {
  return Object.fromEntries(names.map((name) => [name, root.querySelector(`.${name}`)]))
}

function make(tag, className, ...children) {
  const element = Object.assign(document.createElement(tag), { className })
  element.append(...children)
  return element
}

// At most one drawing a frame, however many settings, sizes and maps have changed.
function drawSoon(view, draw) {
  view.frame ??= requestAnimationFrame(() => {
    view.frame = null
    if (!view.signal.aborted) draw(view)
  })
}
