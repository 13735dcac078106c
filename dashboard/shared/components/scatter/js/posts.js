// Signposts: labels with small pictures among the points, and the current picture above its own place.

import { make } from "../../viewer/js/elements.js"
import { toScreen, unitOf } from "./camera.js"
import { colourOf, css } from "./colour.js"

const ABOVE_PLACE = 16 // CSS pixels between the current picture and its mark

/**
 * picture: name of a blob -> its bytes, null where there is none.
 * @param {Scatter} view @param {[x: number, y: number, label: string, code: number | null][]} posts
 * @param {(name: string) => BlobPart | null} image
 */
export function showPosts(view, posts, image) {
  const { el } = view
  for (const url of view.postUrls ?? []) URL.revokeObjectURL(url)
  view.postUrls = []
  view.posts = posts.map(([x, y, label, code], i) => ({ x, y, code, element: post(view, label, image(`post${i}`)) }))
  el.posts.replaceChildren(...view.posts.map(({ element }) => element))
  if (!view.current) return
  const element = post(view, view.current.label, image("current"))
  element.classList.add("current")
  el.posts.append(element)
  view.posts.unshift({ ...view.current, code: null, element, current: true })
}

/** @param {Scatter} view @param {string} label @param {BlobPart | null} bytes */
function post(view, label, bytes) {
  const element = make("div", "post")
  if (bytes) {
    const url = URL.createObjectURL(new Blob([bytes]))
    view.postUrls?.push(url)
    element.append(Object.assign(make("img", "post-image"), { src: url, alt: "", draggable: false }))
  }
  element.append(make("span", "post-label", label))
  return element
}

// On a continuous scale a code is a value, not a class.
/** @param {Scatter} view @param {Signpost} post @returns {number | null} */
function classOf(view, { code }) {
  return view.legend.ends ? null : code
}

/** @param {Scatter} view */
export function colourPosts(view) {
  for (const item of view.posts ?? []) {
    const code = classOf(view, item)
    item.element.style.setProperty("--colour", code === null ? "" : css(colourOf(view, code)))
  }
}

const STEPS_ASIDE = [[0, 0], [0, -1], [0, 1], [0.5, 0], [-0.5, 0]] // in its own widths and heights

// In the order given; one that would cover another steps aside, and is left out where that does not help.
/** @param {Scatter} view */
export function placePosts(view) {
  /** @type {Box[]} */
  const taken = []
  for (const item of view.posts ?? []) {
    const { element } = item
    item.size ??= element.offsetWidth ? [element.offsetWidth, element.offsetHeight] : null
    const [width, height] = item.size ?? [0, 0]
    const [left, top] = toScreen(view, ...unitOf(view, item.x, item.y))
    /** @type {(x: number, y: number) => Box} */
    const boxAt = (x, y) => [x - width / 2, y - height / 2, x + width / 2, y + height / 2]
    const boxes = item.current ? [boxAt(left, top - height / 2 - ABOVE_PLACE)]
      : STEPS_ASIDE.map(([right, down]) => boxAt(left + right * (width + 4), top + down * (height + 4)))
    const free = item.current ? boxes[0] : boxes.find((box) => !taken.some((other) => overlap(box, other)))
    const off = left < 0 || top < 0 || left > view.room.width || top > view.room.height
    const shown = free && !off && !view.hidden.has(classOf(view, item) ?? NaN) && (view.signed || item.current)
    if (shown) taken.push(free)
    const box = free ?? boxes[0]
    element.style.transform = `translate(${Math.round(box[0])}px, ${Math.round(box[1])}px)`
    element.classList.toggle("gone", !shown)
  }
}

/** @param {Box} one @param {Box} other */
export function overlap([left, top, right, bottom], [left2, top2, right2, bottom2]) {
  return left < right2 + 4 && left2 < right + 4 && top < bottom2 + 4 && top2 < bottom + 4
}

/** @param {Scatter} view */
export function toggleSigns(view) {
  view.signed = !view.signed
  view.el.signs.setAttribute("aria-pressed", String(view.signed))
  placePosts(view)
}
