import table from 'virtual:operations'
import { addressOf } from './call.ts'
import type { AnswerOf, InputOf, OperationId } from './operations.ts'
import { problemOf, unreachable } from './problem.ts'
import { accessToken, renewSession } from './session.ts'

/** Files in and out: what `call` does for JSON. */

interface Sending {
  file: File
  type: string
  /** How much of it is on its way, from 0 to 1. */
  onProgress: (part: number) => void
  signal: AbortSignal
}

type Sent = { status: number; body: unknown }

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** By the older interface: the newer one does not tell how far an upload has come. */
const sendOnce = (method: string, address: string, token: string | undefined, sending: Sending): Promise<Sent> =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const abort = (): void => request.abort()
    request.open(method, address)
    request.setRequestHeader('content-type', sending.type)
    if (token) request.setRequestHeader('authorization', `Bearer ${token}`)
    request.upload.addEventListener('progress', ({ loaded, total }) =>
      sending.onProgress(total === 0 ? 0 : loaded / total)
    )
    request.addEventListener('load', () => resolve({ status: request.status, body: parsed(request.responseText) }))
    request.addEventListener('error', () => reject(unreachable()))
    request.addEventListener('abort', () => reject(new DOMException('Stopped', 'AbortError')))
    request.addEventListener('loadend', () => sending.signal.removeEventListener('abort', abort))
    sending.signal.addEventListener('abort', abort)
    request.send(sending.file)
  })

/** Sends a file as the body of an operation. Under an id of ours it may be sent again. */
export async function sendFile<Id extends OperationId>(
  id: Id,
  input: InputOf<Id>,
  sending: Sending
): Promise<AnswerOf<Id>> {
  const [method, path] = table[id] ?? ['PUT', '/']
  const address = addressOf(path, input as object)
  const token = await accessToken()
  let sent = await sendOnce(method, address, token, sending)
  const renewed = sent.status === 401 && token ? await renewSession(token) : undefined
  if (renewed) sent = await sendOnce(method, address, renewed, sending)
  if (sent.status < 300) return sent.body as AnswerOf<Id>
  throw problemOf(sent.status, sent.body)
}

/** Has the browser keep what an operation answers as a file. */
export async function saveFile<Id extends OperationId>(id: Id, input: InputOf<Id>, name: string): Promise<void> {
  const [method, path] = table[id] ?? ['GET', '/']
  const token = await accessToken()
  const response = await fetch(addressOf(path, input as object), {
    method,
    headers: token ? { authorization: `Bearer ${token}` } : {}
  }).catch(() => {
    throw unreachable()
  })
  if (!response.ok) throw problemOf(response.status, parsed(await response.text()))
  const address = URL.createObjectURL(await response.blob())
  const link = document.createElement('a')
  link.href = address
  link.download = name
  link.click()
  URL.revokeObjectURL(address)
}
