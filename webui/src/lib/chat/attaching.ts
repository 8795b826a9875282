// What the chat asks of the studio about files; it comes with the page.
import { request, Refusal, send, Unreachable } from '../api/client'
import { identity } from '../api/owner'
import type { Attachment, AttachmentCost } from '../api/types'

const at = encodeURIComponent
const files = (conversation: string): string => `/api/conversations/${at(conversation)}/attachments`

/** Bytes that can be attached at most, whatever it is; the studio knows each kind's own limit. */
export const LARGEST = 50 * 1024 * 1024

/** Not `fetch`: it does not tell how much has been sent. */
export function upload(
  conversation: string,
  file: File,
  progress: (share: number) => void,
  signal: AbortSignal,
): Promise<Attachment> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new Unreachable(''))
    const sending = new XMLHttpRequest()
    sending.open('POST', `${files(conversation)}?name=${at(file.name)}`)
    for (const [name, value] of Object.entries(identity())) sending.setRequestHeader(name, value)
    sending.setRequestHeader('content-type', 'application/octet-stream')
    sending.upload.onprogress = ({ loaded, total }) => progress(total > 0 ? loaded / total : 1)
    sending.onload = () => {
      if (sending.status === 201) resolve(JSON.parse(sending.responseText) as Attachment)
      else reject(refusalOf(sending))
    }
    sending.onerror = () => reject(new Unreachable(''))
    sending.onabort = () => reject(new Unreachable(''))
    signal.addEventListener('abort', () => sending.abort())
    sending.send(file)
  })
}

export function costOf(
  conversation: string,
  model: string,
  attachments: readonly string[],
  signal: AbortSignal,
): Promise<AttachmentCost | null> {
  return send<AttachmentCost>('POST', `${files(conversation)}/cost`, { model, attachments }, signal)
}

/** The file as the studio keeps it. */
export async function fileOf(conversation: string, id: string): Promise<Blob> {
  return (await request(`${files(conversation)}/${at(id)}`)).blob()
}

/** Its text, as a model is told it. */
export async function textOf(conversation: string, id: string): Promise<string> {
  return (await request(`${files(conversation)}/${at(id)}/text`)).text()
}

function refusalOf(sending: XMLHttpRequest): Refusal {
  const plain = { title: sending.statusText, status: sending.status, detail: sending.statusText, code: 'http' }
  try {
    return new Refusal({ ...plain, ...(JSON.parse(sending.responseText) as object) })
  } catch {
    return new Refusal(plain)
  }
}
