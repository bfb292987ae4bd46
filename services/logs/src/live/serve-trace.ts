import type { RawData, WebSocket } from 'ws'
import { FollowLogsFrame } from '@gavel/contracts/api/logs.ts'
import { plainSchema } from '@gavel/contracts/json-schema.ts'
import { Refusal, toProblem } from '@gavel/platform/errors.ts'
import type { WebSocketConnection } from '@gavel/platform/http/web-socket.ts'
import { createAjv, explain } from '@gavel/platform/schema.ts'
import { Trace, type TraceLimits } from './trace.ts'
import type { TraceHub } from './trace-hub.ts'

const validate = createAjv({ coerce: false }).compile<FollowLogsFrame>(plainSchema(FollowLogsFrame))

function parse(data: RawData, isBinary: boolean): FollowLogsFrame {
  if (isBinary) throw new Refusal('INVALID_INPUT', { detail: 'Frames are JSON text' })
  let frame: unknown
  try {
    frame = JSON.parse(
      Buffer.isBuffer(data)
        ? data.toString()
        : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]).toString()
    )
  } catch {
    throw new Refusal('MALFORMED_JSON')
  }
  if (!validate(frame)) throw new Refusal('INVALID_INPUT', explain(validate.errors ?? [], 'frame'))
  return frame
}

/** One socket of /ws/logs. A frame that cannot be followed is answered with a problem; the filter before stays. */
export function serveTrace(
  socket: WebSocket,
  connection: WebSocketConnection,
  { hub, limits }: { hub: TraceHub; limits: TraceLimits }
): void {
  const trace = new Trace(socket, { source: hub, limits, onDropped: hub.metrics.dropped })
  const leave = hub.join(trace)
  socket.once('close', () => {
    leave()
    trace.close()
  })
  const receive = async (data: RawData, isBinary: boolean): Promise<void> => {
    try {
      await trace.follow(parse(data, isBinary))
    } catch (error) {
      if (!(error instanceof Refusal)) connection.log.warn({ error }, 'A trace of the logs could not be begun')
      connection.send({ type: 'problem', problem: toProblem(error, '/ws/logs').body })
    }
  }
  socket.on('message', (data: RawData, isBinary: boolean) => void receive(data, isBinary))
}
