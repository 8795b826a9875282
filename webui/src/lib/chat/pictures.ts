// Pictures for <img>: as data URLs, because the page lets itself load nothing else.
const QUALITY = 0.8

export function dataUrl(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(reader.result as string)
    reader.onerror = () => reject(new Error('unreadable'))
    reader.readAsDataURL(blob)
  })
}

/** The same, no larger than this; empty when it is no picture that a browser shows. */
export async function thumbnail(blob: Blob, side: number): Promise<string> {
  try {
    const picture = new Image()
    picture.src = await dataUrl(blob)
    await picture.decode()
    const scale = Math.min(1, side / Math.max(picture.naturalWidth, picture.naturalHeight))
    const canvas = document.createElement('canvas')
    canvas.width = Math.max(1, Math.round(picture.naturalWidth * scale))
    canvas.height = Math.max(1, Math.round(picture.naturalHeight * scale))
    canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height)
    return canvas.toDataURL('image/webp', QUALITY)
  } catch {
    return ''
  }
}
