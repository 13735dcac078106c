// Signposts: labels with small pictures among the points, and the current picture above its own place.

const ABOVE_PLACE = 16 // CSS pixels between the current picture and its mark

// picture: name of a blob -> its bytes, null where there is none.
function showPosts(view, posts, picture) {
  const { el } = view
  for (const url of view.postUrls ?? []) URL.revokeObjectURL(url)
  view.postUrls = []
  view.posts = posts.map(([x, y, label, code], i) => ({ x, y, code, element: post(view, label, picture(`post${i}`)) }))
  el.posts.replaceChildren(...view.posts.map(({ element }) => element))
  if (!view.here) return
  const element = post(view, view.here.label, picture("here"))
  element.classList.add("here")
  el.posts.append(element)
  view.posts.unshift({ ...view.here, code: null, element, here: true })
}

function post(view, label, bytes) {
  const element = make("div", "post")
  if (bytes) {
    const url = URL.createObjectURL(new Blob([bytes]))
    view.postUrls.push(url)
    element.append(Object.assign(make("img", "post-picture"), { src: url, alt: "", draggable: false }))
  }
  element.append(make("span", "post-label", label))
  return element
}

// On a continuous scale a code is a value, not a class.
function classOf(view, { code }) {
  return view.legend.ends ? null : code
}

function colourPosts(view) {
  for (const item of view.posts ?? []) {
    const code = classOf(view, item)
    item.element.style.setProperty("--colour", code === null ? "" : css(colourOf(view, code)))
  }
}

// In the order given; one that would cover another is left out until there is room.
function placePosts(view) {
  const taken = []
  for (const item of view.posts ?? []) {
    const { element } = item
    item.size ??= element.offsetWidth ? [element.offsetWidth, element.offsetHeight] : null
    const [width, height] = item.size ?? [0, 0]
    const [left, top] = toScreen(view, ...unitOf(view, item.x, item.y))
    const box = [left - width / 2, top - height / 2, left + width / 2, top + height / 2]
    if (item.here) for (const side of [1, 3]) box[side] -= height / 2 + ABOVE_PLACE
    const covers = !item.here && taken.some((other) => overlap(box, other))
    const off = left < 0 || top < 0 || left > view.room.width || top > view.room.height
    const shown = !covers && !off && !view.hidden.has(classOf(view, item)) && (view.signed || item.here)
    if (shown) taken.push(box)
    element.style.transform = `translate(${Math.round(box[0])}px, ${Math.round(box[1])}px)`
    element.classList.toggle("gone", !shown)
  }
}

function overlap([left, top, right, bottom], [left2, top2, right2, bottom2]) {
  return left < right2 + 4 && left2 < right + 4 && top < bottom2 + 4 && top2 < bottom + 4
}

function toggleSigns(view) {
  view.signed = !view.signed
  view.el.signs.setAttribute("aria-pressed", String(view.signed))
  placePosts(view)
}
