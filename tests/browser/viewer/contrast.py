"""How well text can be read, measured in the page."""

# The smallest contrast of text against the page in a shadow root; colours go through a canvas to become sRGB.
CONTRAST = """(selector) => {
    const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true })
    const light = (colour, under) => {
        for (const fill of [under, colour]) { context.fillStyle = fill; context.fillRect(0, 0, 1, 1) }
        const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map((v) => v / 255)
            .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        return 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const page = getComputedStyle(document.querySelector(".stApp")).backgroundColor
    const root = [...document.querySelectorAll("[data-testid=stBidiComponentIsolated]")]
        .map((host) => host.shadowRoot).find((found) => found.querySelector(selector))
    const texts = "p, span, label, button, summary, strong, output, select, kbd, th, figcaption"
    const ratios = [...root.querySelectorAll(texts)]
        .filter((element) => element.innerText?.trim())
        .map((element) => {
            const style = getComputedStyle(element)
            const [a, b] = [light(style.backgroundColor, page), light(style.color, page)].sort((x, y) => y - x)
            return (a + 0.05) / (b + 0.05)
        })
    return Math.min(...ratios)
}"""
