// What Python sent for each map of the page, part by part. It lies on the window, as each component is a module of its
// own: an invisible component brings a part, the map takes it.

const STORE = (window.sightlineScatter ??= new Map())
const PART_EVENT = "sightline:scatter"

function partsOf(map) {
  if (!STORE.has(map)) STORE.set(map, new Map())
  return STORE.get(map)
}

function tell(map, message) {
  window.dispatchEvent(new CustomEvent(PART_EVENT, { detail: { map, ...message } }))
}

// act: name of a message -> what to do with its content.
function onTold(map, acts, signal) {
  const receive = ({ detail }) => {
    if (detail.map !== map()) return
    for (const [name, act] of Object.entries(acts)) if (name in detail) act(detail[name])
  }
  window.addEventListener(PART_EVENT, receive, { signal })
}
