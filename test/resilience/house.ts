import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openAdmin } from '@gavel/standalone/client/admin.ts'
import { createGateway, type Gateway } from '@gavel/standalone/client/gateway.ts'
import type { Platform, PlatformOptions } from '@gavel/standalone/platform.ts'
import { freshPlatform } from '../support/platform.ts'
import { Shop, type Charge } from '../support/shop.ts'

export type { Bidder, Charge, Told } from '../support/shop.ts'

/** A whole platform of a test's own, whose parts it may kill. */
export class House extends Shop {
  readonly platform: Platform

  private constructor(platform: Platform, gateway: Gateway, admin: { token(): Promise<string> }) {
    super(gateway, admin)
    this.platform = platform
  }

  static async open(options: Partial<PlatformOptions> = {}): Promise<House> {
    const platform = await freshPlatform({ rateLimits: 'off', ...options })
    const gateway = createGateway(platform.url, 128)
    return new House(platform, gateway, await openAdmin(gateway, platform.admin))
  }

  async close(): Promise<void> {
    await this.gateway.close()
    await this.platform.stop()
  }

  /** Every charge the payment provider knows, by order number. */
  override async charges(): Promise<Map<string, Charge>> {
    const secrets = JSON.parse(readFileSync(join(this.platform.directories.data, 'secrets.json'), 'utf8')) as {
      providerApiKey: string
    }
    const response = await fetch(`${this.platform.providerUrl}/v1/charges`, {
      headers: { authorization: `Bearer ${secrets.providerApiKey}` }
    })
    const { charges } = (await response.json()) as { charges: Charge[] }
    return new Map(charges.map((charge) => [charge.key, charge]))
  }
}
