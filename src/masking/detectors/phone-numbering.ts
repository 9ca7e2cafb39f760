/**
 * Calling codes (ITU-T E.164 list of assigned codes) with the lengths of national numbers in use, service numbers included. A number that begins
 * with `+` and fits none of them is not a phone number.
 */
const codeList =
  '1:7-10 7:10-14 20:8-10 27:5-10 30:10-12 31:5-11 32:8-9 33:9 34:9 36:8-9 39:6-12 40:6-9 41:9-12 43:4-13 44:7-10 45:8 ' +
  '46:6-12 47:5-8 48:6-10 49:4-15 51:8-9 52:10 53:6-10 54:10-11 55:8-11 56:9-11 57:8-11 58:10 60:8-10 61:5-12 62:7-17 ' +
  '63:6-13 64:5-10 65:8-11 66:8-13 81:8-17 82:5-14 84:7-10 86:7-12 90:7-13 91:8-13 92:8-12 93:9 94:9 95:6-10 98:4-10 ' +
  '211:9 212:9 213:8-9 216:8 218:9 220:7-9 221:9 222:8 223:8 224:8-9 225:10 226:8 227:8 228:8 229:10 230:7-10 231:7-9 ' +
  '232:8 233:8-9 234:10-14 235:8 236:8 237:8-9 238:7 239:7 240:9 241:7-8 242:9 243:7-10 244:9 245:7-9 246:7 247:5-6 ' +
  '248:7 249:9 250:8-9 251:9 252:6-9 253:8 254:7-10 255:9 256:9 257:8 258:8-9 260:9 261:9 262:9 263:7-10 264:8-9 ' +
  '265:7-9 266:8 267:7-10 268:8-9 269:7 290:4-5 291:7 297:7 298:6 299:6 350:8 351:9 352:4-11 353:7-10 354:7-9 355:6-9 ' +
  '356:8 357:8 358:5-12 359:6-12 370:8 371:8 372:7-10 373:8 374:8 375:6-11 376:6-9 377:8-9 378:8-10 380:9-10 381:6-12 ' +
  '382:8-9 383:8-12 385:7-9 386:5-8 387:8-9 389:8 420:9-12 421:6-9 423:7-9 500:5 501:7-11 502:8-11 503:7-11 504:8-11 ' +
  '505:8 506:8-10 507:7-11 508:6-9 509:8 590:9 591:8-9 592:7 593:8-11 594:9 595:6-11 596:9 597:6-7 598:4-13 599:7-8 ' +
  '670:7-8 672:6 673:7 674:7 675:7-8 676:5-7 677:5-7 678:5-7 679:7-11 680:7 681:6-9 682:5 683:4-7 685:5-10 686:5-8 ' +
  '687:6 688:5-7 689:6-9 690:4-7 691:7 692:7 800:8 808:8 850:8-10 852:5-11 853:7-8 855:8-10 856:8-10 870:9-12 878:12 ' +
  '880:6-10 881:9-10 882:7-12 883:8-12 886:7-11 888:11 960:7-10 961:7-8 962:8-9 963:8-9 964:8-10 965:7-8 966:9-10 ' +
  '967:7-9 968:7-9 970:8-10 971:5-12 972:7-12 973:8 974:7-11 975:7-8 976:8-10 977:8-11 979:9 992:9 993:8 994:9 995:9 ' +
  '996:9-10 998:9'

const codes = new Map(
  codeList.split(' ').map((entry) => {
    const [code, range] = entry.split(':') as [string, string]
    const [least, most = least] = range.split('-') as [string, string?]
    return [code, [Number(least), Number(most)] as const]
  }),
)

/** Whether `digits`, which stood behind a `+`, are a calling code and a national number that fits it. */
export function isInternational(digits: string): boolean {
  for (let length = 1; length <= 3; length++) {
    const range = codes.get(digits.slice(0, length))
    if (range === undefined) continue
    const national = digits.slice(length)
    if (digits.startsWith('1')) return isNorthAmerican(national)
    // `+44 (0)20 …`: the zero is for calls inside the country. Where numbers begin with one (Italy, Congo), it counts.
    return (
      fits(national.length, range) || (national.startsWith('0') && fits(national.length - 1, range))
    )
  }
  return false
}

function fits(length: number, [least, most]: readonly [number, number]): boolean {
  return length >= least && length <= most
}

/** North American numbering plan: area and exchange begin with 2 to 9, and neither is N11. */
export function isNorthAmerican(digits: string): boolean {
  return /^[2-9](?!11)[0-9]{2}[2-9](?!11)[0-9]{2}[0-9]{4}$/.test(digits)
}

const s = '[ .\\-/]'
const s0 = `${s}?`

/**
 * How people write numbers inside a country. `grouped` is told from other numbers by its groups, `bare` only by the
 * words around it. Sources: the national numbering plans as listed by the ITU.
 */
export interface Region {
  readonly grouped: string
  readonly bare: string
  /** For the prefilter, where there are forms of less than nine digits, or with more than three signs between two of them. */
  readonly anchor?: string
}

const northAmerica: Region = {
  grouped: '(?:1[ .-])?(?:\\([2-9][0-9]{2}\\) ?|[2-9][0-9]{2}[ .-])[2-9][0-9]{2}[ .-][0-9]{4}',
  bare: '1?[2-9][0-9]{2}[2-9][0-9]{6}',
}

export const regions = {
  US: northAmerica,
  CA: northAmerica,
  GB: {
    grouped: '\\(?0[1-9][0-9]{1,4}\\)?(?: [0-9]{3,4} [0-9]{3,4}| [0-9]{6,7}|-[0-9]{3,4}-[0-9]{4})',
    bare: '0[1-9][0-9]{8,9}',
  },
  DE: {
    grouped: `\\(?0[1-9][0-9]{1,4}\\)?(?: ?[/-] ?| )[0-9]{2,8}(?:[ -][0-9]{1,5}){0,4}`,
    bare: '0[1-9][0-9]{7,11}',
    anchor: '0[1-9][0-9]{1,4}\\)?(?: ?[/-] ?| )[0-9]{2}',
  },
  FR: { grouped: `0[1-9](?:[ .-][0-9]{2}){4}`, bare: '0[1-9][0-9]{8}' },
  ES: {
    grouped: `[6-9][0-9]{2}(?:${s}[0-9]{3}${s}[0-9]{3}|(?:${s}[0-9]{2}){3})`,
    bare: '[6-9][0-9]{8}',
  },
  IT: {
    grouped: `(?:0[0-9]{1,3}|3[0-9]{2})${s}[0-9]{3,4}${s0}[0-9]{3,4}`,
    bare: '(?:0[0-9]{8,10}|3[0-9]{8,9})',
    anchor: `0[0-9]{1,3}${s}[0-9]{3,4}${s0}[0-9]{3}`,
  },
  NL: {
    grouped: `06[ -][0-9]{8}|0[1-9][0-9]{0,2}(?:-| )[0-9]{3}${s0}[0-9]{2}${s0}[0-9]{2}`,
    bare: '0[1-9][0-9]{8}',
  },
  BE: {
    grouped: `0[1-9][0-9]{0,2}${s}[0-9]{2,3}(?:${s}[0-9]{2}){2}`,
    bare: '0[1-9][0-9]{7,8}',
    anchor: `0[1-9][0-9]{0,2}${s}[0-9]{2,3}(?:${s}[0-9]{2}){2}`,
  },
  CH: { grouped: `0[1-9][0-9] [0-9]{3} [0-9]{2} [0-9]{2}`, bare: '0[1-9][0-9]{8}' },
  AT: {
    grouped: `0[1-9][0-9]{0,3}[ /-][0-9]{3,8}(?:[ -][0-9]{1,5}){0,2}`,
    bare: '0[1-9][0-9]{6,11}',
    anchor: '0[1-9][0-9]{0,3}[ /-][0-9]{3}|0[1-9][0-9]{6}',
  },
  PL: { grouped: `[1-9][0-9]{2}[ -][0-9]{3}[ -][0-9]{3}`, bare: '[1-9][0-9]{8}' },
  IN: { grouped: `0?[6-9][0-9]{4}[ -][0-9]{5}`, bare: '[6-9][0-9]{9}' },
  AU: {
    grouped: `(?:\\(0[2378]\\) ?|0[2378] )[0-9]{4} [0-9]{4}|04[0-9]{2} [0-9]{3} [0-9]{3}`,
    bare: '0[23478][0-9]{8}',
  },
  BR: { grouped: `\\(?[1-9][0-9]\\)? ?9?[0-9]{4}-[0-9]{4}`, bare: '[1-9]{2}9[0-9]{8}' },
  JP: {
    grouped: `0[0-9]{1,3}-[0-9]{2,4}-[0-9]{4}`,
    bare: '0[1-9][0-9]{8,9}',
    anchor: `0[0-9]{1,3}-[0-9]{2,4}-[0-9]{4}`,
  },
} satisfies Record<string, Region>

export type RegionName = keyof typeof regions
