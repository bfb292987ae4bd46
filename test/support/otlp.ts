import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

/**
 * A collector for tests: takes spans by OTLP over HTTP in Protobuf, as Envoy and the SDK send them, and keeps them. Decodes as
 * much of opentelemetry/proto/trace/v1/trace.proto as is asked for.
 */
export interface Span {
  service: string
  traceId: string
  spanId: string
  /** Empty where it is a root. */
  parentSpanId: string
  name: string
  kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer' | 'unspecified'
  attributes: Record<string, string | number | boolean>
  links: { traceId: string; spanId: string }[]
  /** The names of its events, an exception among them. */
  events: string[]
  failed: boolean
}

export interface Collector {
  url: string
  spans: Span[]
  close(): Promise<void>
}

export async function startCollector(): Promise<Collector> {
  const spans: Span[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      if (request.url === '/v1/traces')
        spans.push(...spansOf(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body))
      response.setHeader('content-type', 'application/x-protobuf').end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }
}

type Value = Buffer | bigint
type Fields = Map<number, Value[]>

/** Protobuf's wire format: a field's number and its values, in order. */
function fieldsOf(bytes: Buffer): Fields {
  const fields: Fields = new Map()
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at++)
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const take = (length: number): Buffer => bytes.subarray(at, (at += length))
  const valueOf = (wireType: number): Value => {
    switch (wireType) {
      case 0:
        return varint()
      case 1:
        return take(8)
      case 2:
        return take(Number(varint()))
      case 5:
        return take(4)
      default:
        throw new Error(`Protobuf has no wire type ${wireType}`)
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const number = tag >> 3
    fields.set(number, [...(fields.get(number) ?? []), valueOf(tag & 7)])
  }
  return fields
}

const messages = (fields: Fields, number: number): Fields[] =>
  (fields.get(number) ?? []).map((value) => fieldsOf(value as Buffer))
const bytesAt = (fields: Fields, number: number): Buffer =>
  (fields.get(number)?.at(-1) as Buffer | undefined) ?? Buffer.alloc(0)
const textAt = (fields: Fields, number: number): string => bytesAt(fields, number).toString()
const hexAt = (fields: Fields, number: number): string => bytesAt(fields, number).toString('hex')
const integerAt = (fields: Fields, number: number): number =>
  Number((fields.get(number)?.at(-1) as bigint | undefined) ?? 0n)

function attributesOf(list: Fields[]): Span['attributes'] {
  return Object.fromEntries(
    list.map((one) => {
      const value = messages(one, 2)[0] ?? new Map()
      if (value.has(2)) return [textAt(one, 1), integerAt(value, 2) === 1]
      if (value.has(3)) return [textAt(one, 1), integerAt(value, 3)]
      if (value.has(4)) return [textAt(one, 1), bytesAt(value, 4).readDoubleLE()]
      return [textAt(one, 1), textAt(value, 1)]
    })
  )
}

const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const

function spansOf(body: Buffer): Span[] {
  return messages(fieldsOf(body), 1).flatMap((ofResource) => {
    const resource = attributesOf(messages(messages(ofResource, 1)[0] ?? new Map(), 1))
    return messages(ofResource, 2).flatMap((scope) =>
      messages(scope, 2).map((span): Span => ({
        service: String(resource['service.name']),
        traceId: hexAt(span, 1),
        spanId: hexAt(span, 2),
        parentSpanId: hexAt(span, 4),
        name: textAt(span, 5),
        kind: kinds[integerAt(span, 6)] ?? 'unspecified',
        attributes: attributesOf(messages(span, 9)),
        links: messages(span, 13).map((link) => ({ traceId: hexAt(link, 1), spanId: hexAt(link, 2) })),
        events: messages(span, 11).map((event) => textAt(event, 2)),
        failed: integerAt(messages(span, 15)[0] ?? new Map(), 3) === 2
      }))
    )
  })
}
