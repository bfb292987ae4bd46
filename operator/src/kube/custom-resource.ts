import type { TSchema } from 'typebox'
import type { ResourceKind } from './client.ts'

/** A CEL rule the API server checks before anything is stored. `oldSelf` makes it a rule about changes. */
export interface ValidationRule {
  rule: string
  message: string
  /** Which member of the spec the rule speaks of; the spec as a whole when absent. */
  fieldPath?: string
}

export interface PrinterColumn {
  name: string
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  jsonPath: string
  description: string
  /** Shown with `-o wide` only. */
  wide?: boolean
}

/** A custom resource as data: its CRD is generated from this, and its TypeScript types are the schemas' own. */
export interface CustomResource extends ResourceKind {
  singular: string
  shortNames: string[]
  categories: string[]
  doc: string
  spec: TSchema
  status: TSchema
  rules?: ValidationRule[]
  columns: PrinterColumn[]
  scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath?: string }
}

/** The CustomResourceDefinition, ready to be written as YAML. */
export function customResourceDefinition(resource: CustomResource): Record<string, unknown> {
  const { group, version, kind, plural, singular, shortNames, categories, doc, spec, status, rules, columns, scale } =
    resource
  const specSchema = structural(spec)
  if (rules !== undefined && rules.length > 0) {
    specSchema['x-kubernetes-validations'] = rules.map(({ rule, message, fieldPath }) => ({
      rule,
      message,
      ...(fieldPath === undefined ? {} : { fieldPath })
    }))
  }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: resource.namespaced ? 'Namespaced' : 'Cluster',
      names: { kind, plural, singular, listKind: `${kind}List`, shortNames, categories },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description: doc,
              required: ['spec'],
              properties: {
                apiVersion: { type: 'string' },
                kind: { type: 'string' },
                metadata: { type: 'object' },
                spec: specSchema,
                status: structural(status)
              }
            }
          },
          subresources: { status: {}, ...(scale ? { scale } : {}) },
          additionalPrinterColumns: columns.map(({ name, type, jsonPath, description, wide }) => ({
            name,
            type,
            jsonPath,
            description,
            ...(wide ? { priority: 1 } : {})
          }))
        }
      ]
    }
  }
}

const kept = [
  'type',
  'description',
  'default',
  'enum',
  'format',
  'pattern',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'nullable',
  'required',
  'x-kubernetes-validations',
  'x-kubernetes-int-or-string',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type'
] as const

/** JSON Schema as Kubernetes' structural schemas want it: literals as enums, unions with null as `nullable`, no `$` keywords. */
export function structural(schema: TSchema): Record<string, unknown> {
  const source = schema as unknown as Record<string, unknown>
  if ('const' in source) {
    const { const: value, ...rest } = source
    return { ...structural(rest as TSchema), type: typeof value, enum: [value] }
  }
  const union = source['anyOf'] as TSchema[] | undefined
  if (union !== undefined) return structuralUnion(source, union)
  const target: Record<string, unknown> = {}
  for (const keyword of kept) if (source[keyword] !== undefined) target[keyword] = source[keyword]
  const properties = source['properties'] as Record<string, TSchema> | undefined
  if (properties !== undefined) {
    target['properties'] = Object.fromEntries(
      Object.entries(properties).map(([name, member]) => [name, structural(member)])
    )
  }
  const patterns = source['patternProperties'] as Record<string, TSchema> | undefined
  const values = patterns === undefined ? source['additionalProperties'] : Object.values(patterns)[0]
  if (properties === undefined && typeof values === 'object' && values !== null)
    target['additionalProperties'] = structural(values as TSchema)
  if (source['items'] !== undefined) target['items'] = structural(source['items'] as TSchema)
  return target
}

function structuralUnion(source: Record<string, unknown>, members: TSchema[]): Record<string, unknown> {
  const all = members as unknown as Record<string, unknown>[]
  const values = all.filter((member) => member['type'] !== 'null')
  const base = {
    ...(source['description'] === undefined ? {} : { description: source['description'] }),
    ...(source['default'] === undefined ? {} : { default: source['default'] }),
    ...(values.length < all.length ? { nullable: true } : {})
  }
  if (values.every((member) => 'const' in member)) {
    return { ...base, type: typeof values[0]?.['const'], enum: values.map((member) => member['const']) }
  }
  if (values.length === 1) return { ...structural(values[0] as TSchema), ...base }
  throw new Error('A structural schema has no unions of different types: use one type, or literals')
}
