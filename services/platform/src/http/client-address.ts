import { BlockList, isIP, isIPv6 } from 'node:net'
import type { FastifyRequest } from 'fastify'

/** Envoy writes it from what it knows of the peer, and takes away what a client sends under this name. */
const HEADER = 'x-envoy-external-address'

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv6(address) ? 'ipv6' : 'ipv4')
/** `::ffff:10.0.0.1`, as a socket that takes both families tells it. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '')

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    if (prefix === undefined) list.addAddress(address, familyOf(address))
    else list.addSubnet(address, Number(prefix), familyOf(address))
  }
  return list
}

/** Who is counted as one: a whole address of version 4, the network that one customer gets of version 6. */
function counted(address: string): string {
  if (!isIPv6(address)) return address
  const [head, tail = ''] = address.split('::') as [string, string?]
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  const zeros = address.includes('::') ? Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0') : []
  const groups = [...left, ...zeros, ...right].slice(0, 4)
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}

/** Tells the address of a request's client: the gateway's word where the gateway asks, else the peer's own address. */
export function clientAddresses(trustedProxies: readonly string[]): (request: FastifyRequest) => string {
  const trusted = listOf(trustedProxies)
  return (request) => {
    const peer = plain(request.socket.remoteAddress ?? '')
    const told = request.headers[HEADER]
    const believed =
      typeof told === 'string' && isIP(told) !== 0 && isIP(peer) !== 0 && trusted.check(peer, familyOf(peer))
    return counted(believed ? plain(told) : peer)
  }
}
