import { Type, type Static, type TString } from 'typebox'

const name = (description: string) =>
  Type.String({ minLength: 1, maxLength: 253, pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$', description })
const url = (description: string) =>
  Type.String({ minLength: 8, maxLength: 2048, pattern: '^https?://[^\\s]+$', description })
const flag = (defaultValue: boolean, description: string) =>
  Type.Optional(Type.Boolean({ default: defaultValue, description }))
const nameOrPath = () => [
  { rule: 'has(self.name) != has(self.vaultPath)', message: 'give name or vaultPath, and not both' }
]
const port = (description: string) => Type.Integer({ minimum: 1, maximum: 65_535, description })

const SecretName = Type.String({
  minLength: 1,
  maxLength: 253,
  description: 'The Secret, in this namespace. {service} in it is replaced: a Secret for each service.'
})
const VaultPath = Type.String({
  minLength: 1,
  maxLength: 512,
  pattern: '^[^/#\\s][^#\\s]*$',
  description: 'The path in Vault, below spec.vault.mount, instead of a Secret. {service} in it is replaced.'
})
/** Where a secret is: a key of a Secret, or of a path in Vault. */
const SecretPlace = (description: string, key: string, secretName: TString = name('The Secret, in this namespace.')) =>
  Type.Object(
    {
      name: Type.Optional(secretName),
      vaultPath: Type.Optional(VaultPath),
      key: Type.Optional(Type.String({ default: key, maxLength: 253, pattern: '^[^#\\s/]+$' }))
    },
    { description, 'x-kubernetes-validations': nameOrPath() }
  )

const Store = (what: string, storePort: number) =>
  Type.Object(
    {
      secretRef: SecretPlace(
        'Where the URL, or the part of it that is secret, is kept. The operator never reads it.',
        'url',
        SecretName
      ),
      urlTemplate: Type.Optional(
        Type.String({
          maxLength: 1024,
          pattern: '\\$\\(SECRET\\)',
          description: `How a service’s URL is made: $(SECRET) is the secret’s value, {service} the service’s name. ${what}`
        })
      ),
      port: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 65_535, default: storePort, description: 'For the NetworkPolicies.' })
      )
    },
    { description: what }
  )

const Backends = Type.Object({
  kafka: Type.Object({
    brokers: Type.Array(Type.String({ minLength: 3, maxLength: 300, pattern: '^[^\\s,:]+:[0-9]+$' }), {
      minItems: 1,
      maxItems: 50,
      description: 'host:port of the first brokers to ask.'
    }),
    topicPrefix: Type.Optional(
      Type.String({ maxLength: 60, pattern: '^[A-Za-z0-9._-]*$', description: 'Before each topic and consumer group.' })
    ),
    replicas: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        description: 'Replication factor of the topics. The broker’s default when absent.'
      })
    ),
    minInSyncReplicas: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    deletionPolicy: Type.Optional(
      Type.Union([Type.Literal('Retain'), Type.Literal('Delete')], {
        default: 'Retain',
        description: 'What becomes of the topics when this Platform is deleted.'
      })
    )
  }),
  postgres: Store('Each service has a database of its own name; $(SECRET)/{service} when no template is given.', 5432),
  mongodb: Store('The database is given beside the URL; $(SECRET) when no template is given.', 27_017),
  redis: Store('$(SECRET) when no template is given.', 6379)
})

const Resources = Type.Object(
  {
    requests: Type.Optional(Type.Record(Type.String(), Type.String({ maxLength: 32 }), { maxProperties: 10 })),
    limits: Type.Optional(Type.Record(Type.String(), Type.String({ maxLength: 32 }), { maxProperties: 10 }))
  },
  { description: 'Replaces the default as a whole.' }
)

const Settings = Type.Object(
  {
    logLevel: Type.Optional(
      Type.Union([
        Type.Literal('fatal'),
        Type.Literal('error'),
        Type.Literal('warn'),
        Type.Literal('info'),
        Type.Literal('debug'),
        Type.Literal('trace'),
        Type.Literal('silent')
      ])
    ),
    rateLimits: Type.Optional(
      Type.Object({ webSocketMessagesPerMinute: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })) })
    ),
    features: Type.Optional(
      Type.Record(Type.String(), Type.Boolean(), { maxProperties: 50, description: 'Switches of this service.' })
    )
  },
  { description: 'What changes in the pods that run, without new ones.' }
)

const ServiceOverride = Type.Object({
  image: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 500,
      description: 'A whole reference instead of the common prefix and tag, to try one service’s change.'
    })
  ),
  replicas: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 1000,
      description: 'Pods. Where a Scaler owns the number, the least that it may choose.'
    })
  ),
  replicasMax: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'The most a Scaler may choose.' })),
  resources: Type.Optional(Resources),
  settings: Type.Optional(Settings),
  env: Type.Optional(
    Type.Record(Type.String(), Type.String({ maxLength: 4096 }), {
      maxProperties: 100,
      description: 'Variables of this service’s config.ts. They win over what the platform sets. Never a secret.'
    })
  )
})

const Bucket = Type.Object({
  perSecond: Type.Integer({ minimum: 1, maximum: 1_000_000 }),
  burst: Type.Integer({ minimum: 1, maximum: 1_000_000 })
})

const Gateway = Type.Object({
  image: Type.Optional(Type.String({ minLength: 1, maxLength: 500, description: 'Envoy’s image.' })),
  replicas: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, default: 2 })),
  serviceType: Type.Optional(
    Type.Union([Type.Literal('ClusterIP'), Type.Literal('NodePort'), Type.Literal('LoadBalancer')], {
      default: 'ClusterIP'
    })
  ),
  nodePort: Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535 })),
  origins: Type.Optional(
    Type.Array(Type.String({ maxLength: 300 }), {
      maxItems: 50,
      description: 'Browser origins from which the platform is used, exactly as the browser sends them.'
    })
  ),
  trustedProxies: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 10, default: 0, description: 'Proxies in front whose x-forwarded-for counts.' })
  ),
  rateLimits: Type.Optional(
    Type.Object({ perAddress: Bucket, perUser: Bucket, passwordsPerAddress: Bucket }, { description: 'Token buckets.' })
  ),
  drain: Type.Optional(
    Type.Union([Type.Literal('Admin'), Type.Literal('Wait')], {
      default: 'Admin',
      description:
        'How a pod of the gateway ends. Admin: its connections are asked to close through Envoy’s console, which needs bash in the image. Wait: it only waits until no new ones come.'
    })
  ),
  resources: Type.Optional(Resources)
})

const Vault = Type.Object(
  {
    address: url('https://vault.vault.svc:8200. Pods read Vault themselves; the operator never does.'),
    mount: Type.Optional(
      Type.String({
        default: 'secret',
        maxLength: 200,
        pattern: '^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$',
        description: 'Where the KV engine (version 2) is mounted.'
      })
    ),
    namespace: Type.Optional(
      Type.String({ minLength: 1, maxLength: 253, description: 'Of Vault, where it has them.' })
    ),
    kubernetes: Type.Optional(
      Type.Object(
        {
          role: Type.Optional(
            Type.String({
              default: 'gavel-{service}',
              minLength: 1,
              maxLength: 253,
              description:
                'The role of Vault’s Kubernetes authentication. {service} in it is replaced: a role for each.'
            })
          ),
          mount: Type.Optional(Type.String({ default: 'kubernetes', minLength: 1, maxLength: 200 })),
          audience: Type.Optional(
            Type.String({
              default: 'vault',
              minLength: 1,
              maxLength: 200,
              description: 'For whom the pod’s token is made; nobody else takes it.'
            })
          )
        },
        { description: 'Each pod proves itself with a short-lived token of its own ServiceAccount.' }
      )
    ),
    tokenSecretRef: Type.Optional(
      Type.Object(
        { name: SecretName, key: Type.Optional(Type.String({ default: 'token', maxLength: 253 })) },
        { description: 'A token of Vault, where its Kubernetes authentication cannot be used.' }
      )
    ),
    caConfigMapRef: Type.Optional(
      Type.Object(
        {
          name: name('The ConfigMap, in this namespace.'),
          key: Type.Optional(Type.String({ default: 'ca.crt', maxLength: 253 }))
        },
        { description: 'PEM of the authorities that vouch for Vault; the usual ones when absent.' }
      )
    ),
    refreshSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 86_400,
        default: 60,
        description: 'How often pods ask for new values. They take them without a restart.'
      })
    )
  },
  {
    description: 'Where the secrets are that are given by vaultPath.',
    'x-kubernetes-validations': [
      {
        rule: 'has(self.kubernetes) != has(self.tokenSecretRef)',
        message: 'give kubernetes or tokenSecretRef, and not both'
      },
      {
        rule: "!has(self.caConfigMapRef) || self.address.startsWith('https://')",
        message: 'caConfigMapRef needs an address with https'
      }
    ]
  }
)

export const PlatformSpec = Type.Object({
  version: Type.String({
    minLength: 1,
    maxLength: 63,
    pattern: '^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$',
    description:
      'The version to run. A change is an upgrade: migrations, then service by service, each behind its health.'
  }),
  image: Type.Object({
    prefix: Type.String({
      minLength: 1,
      maxLength: 300,
      description: 'Before each service’s name, with its separator: ghcr.io/someone/gavel-'
    }),
    tag: Type.Optional(Type.String({ minLength: 1, maxLength: 128, description: 'The version when absent.' })),
    pullPolicy: Type.Optional(
      Type.Union([Type.Literal('IfNotPresent'), Type.Literal('Always'), Type.Literal('Never')], {
        default: 'IfNotPresent'
      })
    ),
    pullSecrets: Type.Optional(Type.Array(name('A Secret of type dockerconfigjson.'), { maxItems: 10 }))
  }),
  backends: Backends,
  identity: Type.Object({
    keyEncryptionSecretRef: SecretPlace('32 bytes in base64 that seal the signing keys.', 'key'),
    adminSecretRef: Type.Optional(
      Type.Object(
        {
          name: Type.Optional(name('The Secret, in this namespace, with the keys email and password.')),
          vaultPath: Type.Optional(VaultPath)
        },
        { description: 'The first administrator.', 'x-kubernetes-validations': nameOrPath() }
      )
    ),
    issuer: Type.Optional(url('Who signs the tokens.')),
    audience: Type.Optional(Type.String({ minLength: 1, maxLength: 200 }))
  }),
  bidding: Type.Optional(
    Type.Object({
      sealingKeySecretRef: SecretPlace(
        '32 bytes in base64 that seal the amounts of sealed auctions until their close. Without it there are none.',
        'key'
      )
    })
  ),
  payment: Type.Object({
    provider: Type.Object({
      url: url('Address of the payment provider.'),
      secretRef: SecretPlace('The API key for the provider.', 'apiKey')
    })
  }),
  mail: Type.Object({
    secretRef: SecretPlace('smtp://user:password@host:587, or smtps://', 'url'),
    from: Type.Optional(Type.String({ minLength: 3, maxLength: 300 })),
    port: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65_535, default: 587, description: 'For the NetworkPolicies.' })
    )
  }),
  vault: Type.Optional(Vault),
  gateway: Type.Optional(Gateway),
  services: Type.Optional(
    Type.Record(Type.String(), ServiceOverride, { maxProperties: 50, description: 'What one service has differently.' })
  ),
  scaling: Type.Optional(
    Type.Object({
      enabled: flag(true, 'Scalers for the services that follow a load. Off: each has its number of replicas.'),
      bidsPerReplica: Type.Optional(
        Type.Integer({
          minimum: 1,
          maximum: 1_000_000,
          default: 500,
          description: 'Bids a second for which one pod of bidding is wanted.'
        })
      )
    })
  ),
  healthChecks: Type.Optional(
    Type.Object({
      enabled: flag(true, 'A HealthCheck for each service and consumer group. They gate upgrades.'),
      syntheticSale: Type.Optional(
        Type.Object({
          productId: Type.String({ minLength: 1, maxLength: 64, pattern: '^canary-[A-Za-z0-9_-]+$' }),
          credentialsSecret: name('A Secret with the keys email and password.')
        })
      )
    })
  ),
  telemetry: Type.Optional(
    Type.Object({
      otlpEndpoint: url('Where traces go, by OTLP over HTTP.'),
      samplingPercent: Type.Optional(Type.Number({ minimum: 0, maximum: 100, default: 10 }))
    })
  ),
  networkPolicies: Type.Optional(
    Type.Object({
      enabled: flag(true, 'Deny everything, and allow what the platform needs.'),
      operatorNamespace: Type.Optional(
        name('Where the operator runs; it probes the services. Any namespace when absent.')
      ),
      monitoringNamespace: Type.Optional(name('From where figures are read. Nobody else may when absent.')),
      dnsPort: Type.Optional(port('Of the cluster’s DNS pods, when it is not 53.'))
    })
  ),
  upgrade: Type.Optional(
    Type.Object({
      healthTimeoutSeconds: Type.Optional(
        Type.Integer({
          minimum: 10,
          maximum: 86_400,
          default: 300,
          description: 'How long one step may take: a migration, or a service until all of it is available and well.'
        })
      ),
      rollback: flag(true, 'When a step fails, go back to the last good state by itself.')
    })
  ),
  paused: flag(false, 'Change nothing; deletion goes on as always.')
})
export type PlatformSpec = Static<typeof PlatformSpec>
