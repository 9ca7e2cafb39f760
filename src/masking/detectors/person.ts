import { confidence, type Detector, hasContext } from '../detector.ts'
import { eitherCase } from '../latin1.ts'

const months = 'jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec'
const date = new RegExp(
  '(?<![0-9A-Za-z.-])(?:(?:19|20)[0-9]{2}([-/.])(?:0?[1-9]|1[0-2])\\1(?:3[01]|[12][0-9]|0?[1-9])|' +
    '(?:3[01]|[12][0-9]|0?[1-9])([-/.])(?:3[01]|[12][0-9]|0?[1-9])\\2(?:19|20)?[0-9]{2}|' +
    '(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:3[01]|[12][0-9]|0[1-9])|' +
    `(?:3[01]|[12][0-9]|0?[1-9])(?:st|nd|rd|th)?[ -](?:${months})[a-z]{0,6}\\.?,?[ -](?:19|20)[0-9]{2}|` +
    `(?:${months})[a-z]{0,6}\\.? (?:3[01]|[12][0-9]|0?[1-9])(?:st|nd|rd|th)?,? (?:19|20)[0-9]{2})(?![0-9])`,
  'gi',
)
const birthWords =
  /(?:birth|(?:^|[^a-z])d\.?o\.?b(?![a-z])|(?:^|[^a-z])born(?![a-z])|b(?:irth)?day|geburt|geboren|naissance|nacimiento|nacid|nascit|nascimento)/i

export const dateOfBirth: Detector = {
  name: 'date_of_birth',
  group: 'pii',
  summary: 'Dates beside words such as birth, dob, born or Geburtsdatum; never a date alone.',
  anchors: [
    '(?i)(?:birth|d\\.?o\\.?b|born|bday|geburt|geboren|naissance|nacimiento|nacid|nascit|nascimento)',
  ],
  find(text, key, report) {
    date.lastIndex = 0
    for (let match = date.exec(text); match !== null; match = date.exec(text)) {
      if (hasContext(text, key, match.index, match.index, birthWords)) {
        report.add(match.index, date.lastIndex, confidence.likely)
      }
    }
  },
}

const word = "[A-Z\\xc3][A-Za-z\\x80-\\xff'.-]{0,24}"
const street = new RegExp(
  `(?<![0-9A-Za-z])[0-9]{1,6}[A-Za-z]?,? (?:${word} ){1,4}(?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Square|Sq|Terrace|Parkway|Pkwy|Highway|Hwy)(?![A-Za-z])\\.?` +
    `(?:,? (?:Apt|Suite|Ste|Unit|#)\\.? ?[0-9A-Za-z-]{1,6})?(?:, (?:${word} ?){1,3}(?:, [A-Z]{2} [0-9]{5}(?:-[0-9]{4})?)?)?`,
  'g',
)
const german = new RegExp(
  `(?<![0-9A-Za-z\\x80-\\xff])(?:${word}[ -]){0,2}[A-Z\\xc3][A-Za-z\\x80-\\xff-]{1,30}(?:stra\\xc3\\x9fe|strasse|str\\.|weg|platz|allee|gasse|ring|damm|ufer) [0-9]{1,4}[a-z]?(?![0-9A-Za-z])(?:, [0-9]{5} ${word})?`,
  'g',
)
const addressKey =
  /(?:^|[^a-z])(?:street|postal|mailing|shipping|billing|home|delivery)[_. -]?(?:address|addr|line[_-]?[0-9]?)?$|(?:street|postal|mailing|shipping|billing|home|delivery)address$/

export const postalAddress: Detector = {
  name: 'postal_address',
  group: 'pii',
  summary:
    'Streets with a house number in the English and German forms, with town and code behind them, and values of keys such as billing_address. Other forms are not known.',
  anchors: [
    ' (?:St|Ave|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Way|Place|Pl|Square|Sq|Terrace|Parkway|Pkwy|Highway|Hwy)',
    '(?:stra\\xc3\\x9fe|strasse|str\\.|weg|platz|allee|gasse|ring|damm|ufer) [0-9]',
    '(?i)(?:street|postal|mailing|shipping|billing|home|delivery)[_. -]?(?:addr|line)',
  ],
  keyEnds: ['(?i)(?:street|postal|mailing|shipping|billing|home|delivery)[_. -]?'],
  find(text, key, report) {
    if (key !== '' && addressKey.test(key) && /[0-9]/.test(text) && /[A-Za-z] /.test(text)) {
      report.add(0, text.length, confidence.likely)
      return
    }
    for (const pattern of [street, german]) {
      pattern.lastIndex = 0
      for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
        report.add(match.index, pattern.lastIndex, confidence.likely)
      }
    }
  },
}

const nameWords =
  'first[_. -]?name|last[_. -]?name|full[_. -]?name|given[_. -]?name|family[_. -]?name|middle[_. -]?name|maiden[_. -]?name|surname|customer[_. -]?name|patient[_. -]?name|card[_. -]?holder(?:[_. -]?name)?|contact[_. -]?name|real[_. -]?name|person[_. -]?name|vorname|nachname'
const nameKey = new RegExp(`(?:${nameWords})$`)
const name = "[A-Z\\xc3][A-Za-z\\x80-\\xff'-]{1,30}"
/** Names begin with a capital, the words in front of them with either. */
const named = new RegExp(
  `(?<![A-Za-z])(?:(?:${eitherCase(nameWords)})["'\\\\]{0,3}\\s{0,2}[:=>]\\s{0,2}["'\\\\]{0,2}` +
    `|(?:Mr|Mrs|Ms|Dr|Prof|Herr|Frau|Mme|Sr|Sra)\\.? )(${name}(?: (?:(?:van|von|de|der|da|di|la|el|al|bin) ){0,2}(?:[A-Z]\\. )?${name}){0,3})`,
  'g',
)

export const personName: Detector = {
  name: 'person_name',
  group: 'pii',
  summary:
    'Names of people, only by the key (first_name, surname, cardholder, …), behind such a word in text, or behind a title. Names anywhere else are not found.',
  anchors: [`(?i)(?:${nameWords})`, '(?:Mr|Mrs|Ms|Dr|Prof|Herr|Frau|Mme|Sr|Sra)\\.? [A-Z\\xc3]'],
  // `name` and `holder` may be keys of a map below these.
  keyEnds: [
    '(?i)(?:first|last|full|given|family|middle|maiden|customer|patient|card|contact|real|person)',
  ],
  find(text, key, report) {
    if (key !== '' && nameKey.test(key)) {
      if (/[A-Za-z\x80-\xff]{2}/.test(text) && text.length <= 200) {
        report.add(0, text.length, confidence.likely)
      }
      return
    }
    named.lastIndex = 0
    for (let match = named.exec(text); match !== null; match = named.exec(text)) {
      const end = named.lastIndex
      report.add(end - (match[1] as string).length, end, confidence.likely)
    }
  },
}
