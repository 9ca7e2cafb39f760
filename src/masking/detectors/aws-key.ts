import { entropy } from '../checks.ts'
import { confidence, type Detector, hasContext } from '../detector.ts'

/** Unique ids of access keys; those of users and roles (AIDA, AROA) are no credentials. */
const id = /(?<![A-Za-z0-9_-])(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}(?![A-Za-z0-9])/g
const secret = /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=])/g
const bedrock = /(?<![A-Za-z0-9+/])ABSK[A-Za-z0-9+/]{109,269}={0,2}/g
const words = /aws.?secret|secret.{0,3}access.{0,3}key|aws.{0,12}(?:key|secret)|[^a-z]secret.?key/i

export const awsKey: Detector = {
  name: 'aws_key',
  group: 'secrets',
  summary:
    'AWS access key ids (AKIA, ASIA, …) and keys of Bedrock (ABSK); secret access keys, which are 40 characters of base64, beside words such as aws_secret_access_key.',
  anchors: [
    '(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])',
    'ABSK',
    '(?i)(?:secret.{0,3}access|aws.{0,12}(?:key|secret)|secret.?key)',
  ],
  keyEnds: ['(?i)(?:aws.{0,12}|secret.{0,3})'],
  find(text, key, report) {
    for (const pattern of [id, bedrock]) {
      pattern.lastIndex = 0
      for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
        report.add(match.index, pattern.lastIndex, confidence.certain)
      }
    }
    if (!words.test(key) && !words.test(text)) return
    secret.lastIndex = 0
    for (let match = secret.exec(text); match !== null; match = secret.exec(text)) {
      // 40 hexadecimal digits are a commit.
      if (/^[0-9a-f]+$/i.test(match[0]) || entropy(match[0]) < 3.5) continue
      if (hasContext(text, key, match.index, secret.lastIndex, words)) {
        report.add(match.index, secret.lastIndex, confidence.certain)
      }
    }
  },
}
