import faviconUrl from '@/assets/favicon.svg'

const appName = 'EduCounsel'
const sizePx = 64

let drawnCount = -1

/** The text of the browser tab: unread number, product, page. */
export function tabTitle(count: number, page: string): string {
  return [count > 0 ? `(${badgeLabel(count)}) ${appName}` : appName, page].filter(Boolean).join(' · ')
}

/** The number as shown in a small circle. */
export function badgeLabel(count: number): string {
  return count > 99 ? '99+' : String(count)
}

/** Shows the number on the tab's icon. */
export async function drawFavicon(count: number): Promise<void> {
  if (count === drawnCount) return
  drawnCount = count
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
  if (!link) return
  const url = count > 0 ? await renderIcon(badgeLabel(count)) : faviconUrl
  if (url && count === drawnCount) link.href = url
}

async function renderIcon(label: string): Promise<string | null> {
  const canvas = document.createElement('canvas')
  canvas.width = canvas.height = sizePx
  const pen = canvas.getContext('2d')
  const image = new Image(sizePx, sizePx)
  image.src = faviconUrl
  try {
    await image.decode()
  } catch {
    return null
  }
  if (!pen) return null
  pen.drawImage(image, 0, 0, sizePx, sizePx)
  pen.fillStyle = '#b4472f'
  pen.beginPath()
  pen.arc(44, 20, 20, 0, Math.PI * 2)
  pen.fill()
  pen.fillStyle = '#ffffff'
  pen.font = `bold ${label.length > 2 ? 18 : 26}px sans-serif`
  pen.textAlign = 'center'
  pen.textBaseline = 'middle'
  pen.fillText(label, 44, 21)
  return canvas.toDataURL('image/png')
}
