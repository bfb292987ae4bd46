import type { ServiceDefinition } from '@gavel/contracts/services.ts'
import type { BuildContext } from './metadata.ts'

/**
 * Where a pod finds its secrets: in files that the kubelet fills and follows, or in Vault, which the pod asks itself. Either way a new value
 * reaches the process that runs, and the operator sees none.
 */
export const secretsFolder = '/var/run/secrets/gavel'
/** What a pod proves itself to Vault with, and what it knows Vault by. */
export const vaultFolder = '/var/run/secrets/vault'
const vaultToken = 'token'
const vaultAuthorities = 'ca.crt'
/** The kubelet renews the token in its file when four fifths of that are over. */
const tokenSeconds = 3600
/** Its owner is root; the pod reads by its group. */
const readByGroup = 0o440

interface Place {
  name?: string | undefined
  vaultPath?: string | undefined
  key?: string | undefined
}

/** One secret of a service: the variable of its config.ts, and where the value is. */
type ServiceSecret = { variable: string; key: string; template?: string } & ({ secret: string } | { vaultPath: string })

/** identity by itself: what its mails prove must be in no event. */
export const sendsMail = (name: string): boolean => name === 'notification' || name === 'identity'

/** The secrets of a service. It is given its own and no other's. */
function secretsOf({ spec }: BuildContext, { name, stores }: ServiceDefinition): ServiceSecret[] {
  const { backends, identity, bidding, payment, mail } = spec
  const own = (text: string): string => text.replaceAll('{service}', name)
  const at = (variable: string, place: Place, defaultKey: string): ServiceSecret => {
    const key = place.key ?? defaultKey
    return place.vaultPath === undefined
      ? { variable, key, secret: own(place.name ?? '') }
      : { variable, key, vaultPath: own(place.vaultPath) }
  }
  const store = (
    variable: string,
    { secretRef, urlTemplate }: { secretRef: Place; urlTemplate?: string | undefined },
    template: string
  ): ServiceSecret => {
    const filled = own(urlTemplate ?? template)
    return { ...at(variable, secretRef, 'url'), ...(filled === '$(SECRET)' ? {} : { template: filled }) }
  }
  const admin = identity.adminSecretRef
  return [
    ...(stores.includes('postgres') ? [store('POSTGRES_URL', backends.postgres, '$(SECRET)/{service}')] : []),
    ...(stores.includes('mongodb') ? [store('MONGODB_URL', backends.mongodb, '$(SECRET)')] : []),
    ...(stores.includes('redis') ? [store('REDIS_URL', backends.redis, '$(SECRET)')] : []),
    ...(name === 'identity' ? [at('KEY_ENCRYPTION_KEY', identity.keyEncryptionSecretRef, 'key')] : []),
    ...(name === 'identity' && admin
      ? [at('ADMIN_EMAIL', admin, 'email'), at('ADMIN_PASSWORD', admin, 'password')]
      : []),
    ...(name === 'bidding' && bidding ? [at('SEALING_KEY', bidding.sealingKeySecretRef, 'key')] : []),
    ...(name === 'payment' ? [at('PROVIDER_API_KEY', payment.provider.secretRef, 'apiKey')] : []),
    ...(sendsMail(name) ? [at('SMTP_URL', mail.secretRef, 'url')] : [])
  ]
}

/** Whether a service asks Vault for anything. */
export const readsVault = (context: BuildContext, service: ServiceDefinition): boolean =>
  context.spec.vault !== undefined && secretsOf(context, service).some((each) => 'vaultPath' in each)

function vaultVariables(context: BuildContext, service: ServiceDefinition): Record<string, string> {
  const { vault } = context.spec
  if (vault === undefined || !readsVault(context, service)) return {}
  const { kubernetes } = vault
  return {
    VAULT_ADDR: vault.address,
    VAULT_MOUNT: vault.mount ?? 'secret',
    ...(vault.namespace === undefined ? {} : { VAULT_NAMESPACE: vault.namespace }),
    ...(kubernetes
      ? {
          VAULT_ROLE: (kubernetes.role ?? 'gavel-{service}').replaceAll('{service}', service.name),
          VAULT_KUBERNETES_MOUNT: kubernetes.mount ?? 'kubernetes',
          VAULT_KUBERNETES_TOKEN_FILE: `${vaultFolder}/${vaultToken}`
        }
      : { VAULT_TOKEN_FILE: `${vaultFolder}/${vaultToken}` }),
    ...(vault.caConfigMapRef ? { VAULT_CACERT: `${vaultFolder}/${vaultAuthorities}` } : {}),
    VAULT_REFRESH_MS: String((vault.refreshSeconds ?? 60) * 1000)
  }
}

/** Where the secrets of a service are, for its config.ts; no secret is in it. */
export function secretVariables(context: BuildContext, service: ServiceDefinition): Record<string, string> {
  const variables = secretsOf(context, service).flatMap((each): [string, string][] => {
    const { variable, key, template } = each
    return [
      'secret' in each
        ? [`${variable}_FILE`, `${secretsFolder}/${variable}`]
        : [`${variable}_VAULT`, `${each.vaultPath}#${key}`],
      ...(template === undefined ? [] : [[`${variable}_TEMPLATE`, template] as [string, string]])
    ]
  })
  return { ...Object.fromEntries(variables), ...vaultVariables(context, service) }
}

interface Mounted {
  volume: { name: string; projected: { defaultMode: number; sources: Record<string, unknown>[] } }
  mount: { name: string; mountPath: string; readOnly: true }
}

const mounted = (name: string, mountPath: string, sources: Record<string, unknown>[]): Mounted[] =>
  sources.length === 0
    ? []
    : [
        {
          volume: { name, projected: { defaultMode: readByGroup, sources } },
          mount: { name, mountPath, readOnly: true }
        }
      ]

/** The folders with a service's secrets, whole, because a file mounted by itself is not followed. */
export function secretFolders(context: BuildContext, service: ServiceDefinition): Mounted[] {
  const files = secretsOf(context, service).flatMap((each) =>
    'secret' in each ? [{ secret: { name: each.secret, items: [{ key: each.key, path: each.variable }] } }] : []
  )
  const { vault } = context.spec
  if (vault === undefined || !readsVault(context, service)) return mounted('secrets', secretsFolder, files)
  const { kubernetes, tokenSecretRef, caConfigMapRef } = vault
  const proof = kubernetes
    ? [
        {
          serviceAccountToken: {
            audience: kubernetes.audience ?? 'vault',
            expirationSeconds: tokenSeconds,
            path: vaultToken
          }
        }
      ]
    : tokenSecretRef
      ? [
          {
            secret: {
              name: tokenSecretRef.name.replaceAll('{service}', service.name),
              items: [{ key: tokenSecretRef.key ?? 'token', path: vaultToken }]
            }
          }
        ]
      : []
  const authorities = caConfigMapRef
    ? [
        {
          configMap: {
            name: caConfigMapRef.name,
            items: [{ key: caConfigMapRef.key ?? 'ca.crt', path: vaultAuthorities }]
          }
        }
      ]
    : []
  return [...mounted('secrets', secretsFolder, files), ...mounted('vault', vaultFolder, [...proof, ...authorities])]
}
