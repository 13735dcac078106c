// The controls on their own: they write the settings that the viewers of their name draw with.

export default (component) => mount(component, createStrip, receive)

function createStrip(root, signal) {
  const view = { root, signal, el: findByClass(root, [...FORM, "hold"]) }
  view.settings = () => getSettings(view.name)
  view.kind = () => view.kindOfScale
  view.scaleName = () => chosenScale(view.settings(), view.kind(), view.scales)
  view.change = (settings) => changeSettings(view.name, settings)
  view.isActive = () => root.activeElement !== null
  view.hide = (hidden) => {
    view.el.hold.classList.toggle("held", hidden)
    announce(view, { hidden })
  }
  listenToControls(view, signal)
  listenToHold(view, signal)
  onSettings((name) => name === view.name, () => showSettings(view), signal)
  return view
}

function receive(view, { data }) {
  const { header, blob } = decodePayload(data)
  const { settings: name, kind: kindOfScale, link } = header
  Object.assign(view, { name, kindOfScale, link, scales: decodeScales(header.scales, blob("scales")) })
  view.el.hold.parentElement.hidden = !link
  listScales(view.el.scales, Object.keys(view.scales))
  showSettings(view)
}
