import type { Detector } from '../detector.ts'
import { awsKey } from './aws-key.ts'
import { connectionString } from './connection-string.ts'
import { authorization, privateKey, urlCredentials } from './credentials.ts'
import { creditCard } from './credit-card.ts'
import { email } from './email.ts'
import { genericSecret } from './generic-secret.ts'
import { iban } from './iban.ts'
import { nationalIds } from './national-ids.ts'
import { ipAddress, macAddress } from './network.ts'
import { dateOfBirth, personName, postalAddress } from './person.ts'
import { createPhone } from './phone.ts'
import { secretTokens } from './secret-tokens.ts'
import { serviceTokens } from './service-tokens.ts'

/** Every detector but those of the configuration. Phone stands here with its default regions. */
export const detectors: readonly Detector[] = [
  email,
  creditCard,
  iban,
  createPhone(['US']),
  ipAddress,
  macAddress,
  ...nationalIds,
  dateOfBirth,
  postalAddress,
  personName,
  authorization,
  privateKey,
  awsKey,
  ...secretTokens,
  ...serviceTokens,
  urlCredentials,
  connectionString,
  genericSecret,
]

export const detectorsByName: ReadonlyMap<string, Detector> = new Map(
  detectors.map((detector) => [detector.name, detector]),
)

/** Names that stand for many detectors. */
export const groups = ['all', 'pii', 'secrets'] as const
export type Group = (typeof groups)[number]

export function isGroup(name: string): name is Group {
  return (groups as readonly string[]).includes(name)
}
