import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { describeFailure } from '@gavel/standalone/failure.ts'
import { ratiosOf, resultsOf, tableOf } from './figures.ts'
import { describeMachine } from './machine.ts'
import { measureAll, type Plan } from './measure.ts'
import { openStage } from './stage.ts'

const usage = `Usage: npm run bench -- [--json FILE] [--rounds N] [--seconds N] [--connections 64,1000] [--path direct,gateway] [--quick]

Bids per second on one hot auction: Gavel, the common way (conditional update, insert, message), and the same route
answering a constant; directly and through Envoy with tokens. Every ledger is verified against what was acknowledged.
  --quick   a short run that shows correctness, not speed`

function parse(): { plan: Plan; json: string | undefined } | 'help' {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean' } as const
  const options = { json: text, rounds: text, seconds: text, connections: text, path: text, quick: flag, help: flag }
  const { values } = parseArgs({ options })
  if (values.help) return 'help'
  const quick = values.quick ?? false
  const number = (given: string | undefined, otherwise: number): number => {
    const value = Number(given ?? otherwise)
    if (!(value > 0)) throw new TypeError(`${given} is not a number above zero`)
    return value
  }
  const paths = (values.path ?? 'direct,gateway').split(',')
  const unknown = paths.find((path) => path !== 'direct' && path !== 'gateway')
  if (unknown !== undefined) throw new TypeError(`There is no path ${unknown}: direct and gateway are`)
  return {
    json: values.json,
    plan: {
      rounds: Math.ceil(number(values.rounds, quick ? 1 : 3)),
      measureMs: number(values.seconds, quick ? 0.5 : 5) * 1000,
      warmUpMs: quick ? 300 : 2_000,
      connections: (values.connections ?? (quick ? '16' : '64,1000'))
        .split(',')
        .map((each) => Math.ceil(number(each, 64))),
      paths: paths as Plan['paths']
    }
  }
}

async function run(plan: Plan, json: string | undefined): Promise<void> {
  const say = (line: string): void => console.log(line)
  const stage = await openStage((line) => say(`  ${line}`))
  try {
    const machine = await describeMachine(stage)
    say(`\n${machine.processor}, ${machine.cores} cores; ${machine.versions.join(', ')}`)
    say('Client, server, database and broker share these cores: ratios count, not figures.\n')
    const { samples, checks, faults } = await measureAll(stage, plan, say)
    const ratios = ratiosOf(samples)
    say(`\n${tableOf(samples)}\n`)
    for (const { path, connections, gavelToCommon, gavelToCommonAccepted, gavelToConstant } of ratios.contenders) {
      const constant = `${Math.round(gavelToConstant * 100)} % of the constant answer`
      say(
        `${path}, ${connections} connections: ${gavelToCommon} times the common way (${gavelToCommonAccepted} in accepted bids), ${constant}`
      )
    }
    for (const { name, connections, ratio } of ratios.gatewayToDirect) {
      if (ratio > 0)
        say(`${name}, ${connections} connections: through Envoy with tokens ${Math.round(ratio * 100)} % of direct`)
    }
    say(
      'Bids that overtake one another, as in a full Envoy, meet a higher price and are refused: that too is decided and recorded.'
    )
    const inLedger = checks.reduce((sum, check) => sum + check.inLedger, 0)
    const acknowledged = checks.reduce((sum, check) => sum + check.acknowledged, 0)
    say(
      `\n${checks.length} ledgers: ${acknowledged} bids acknowledged, ${inLedger} in the ledgers, ${faults.length === 0 ? 'each exactly once and where its receipt says; all verify' : 'NOT the same'}`
    )
    for (const fault of faults) say(`FAULT: ${fault}`)
    if (json) writeFileSync(json, `${JSON.stringify({ machine, results: resultsOf(samples), ratios }, null, 2)}\n`)
    if (faults.length > 0) process.exitCode = 1
  } finally {
    await stage.stop()
  }
}

try {
  const command = parse()
  if (command === 'help') console.log(usage)
  else await run(command.plan, command.json)
} catch (error) {
  console.error(error instanceof TypeError ? `${error.message}\n\n${usage}` : describeFailure(error))
  process.exitCode = 1
}
